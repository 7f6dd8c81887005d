package Spreadsheet::ParseExcel::Worksheet;

use 5.014;
use strict;
use warnings;

use Scalar::Util ();

use Spreadsheet::ParseExcel::Cell;
use Spreadsheet::ParseExcel::Utility ();

our $VERSION = '0.65';

*_column = \&Spreadsheet::ParseExcel::Utility::col2int;

sub new {
    my ( $class, %self ) = @_;
    my $self = bless {%self}, $class;
    Scalar::Util::weaken( $self->{_Book} ) if $self->{_Book};
    return $self;
}

# Reads the rows from the daemon.
sub _fill {
    my ( $self, $book, $index, $parser, $place ) = @_;
    my $workbook = $self->{_Book};
    my ( $handler, $drop ) = @{$parser}{qw(CellHandler NotSetCell)};
    my ( $last_row, $last_column, $first_row, $first_column ) = ( -1, -1 );
    my ( $batch, @cells, @height, @hidden );
    do {
        $batch = $book->rows($index);
        for my $line ( @{ $batch->{rows} } ) {
            my ( $row, $cells, $height, $hidden ) = @$line;
            $height[$row] = $height if defined $height;
            $hidden[$row] = 1 if _true($hidden);
            next if !@$cells;
            $first_row = $row if !defined $first_row;
            $last_row = $row;
            for my $told (@$cells) {
                my $cell = _cell( $workbook, $told );
                my $column = $told->[0];
                $first_column = $column if !defined $first_column || $column < $first_column;
                $last_column  = $column if $column > $last_column;
                $handler->( $workbook, $place, $row, $column, $cell ) if $handler;
                $cells[$row][$column] = $cell if !$drop;
            }
        }
    } until $batch->{sheet};
    my $sheet = $batch->{sheet};
    $self->{Cells} = @cells ? \@cells : undef;
    my ($range) = ( $sheet->{dimension} || {} )->{ref};
    if ( defined $first_row && defined $range && $range =~ /\A([A-Z]+)([0-9]+)(?::([A-Z]+)([0-9]+))?\z/ ) {
        my ( $c1, $r1, $c2, $r2 ) = ( $1, $2, $3, $4 );
        ( $c2, $r2 ) = ( $c1, $r1 ) if !defined $c2;
        ( $first_row, $first_column ) = _lesser( $first_row, $r1 - 1, $first_column, _column($c1) );
        $last_row    = $r2 - 1          if $r2 - 1 > $last_row;
        $last_column = _column($c2) if _column($c2) > $last_column;
    }
    @{$self}{qw(MinRow MaxRow MinCol MaxCol)} = ( $first_row || 0, $last_row, $first_column || 0, $last_column );
    $self->_page($sheet);
    $self->_sizes( $sheet, \@height, \@hidden );
    $self->_merged( $sheet->{merged} );
    $self->_linked( $sheet->{links} );
    return;
}

sub _lesser {
    my ( $row1, $row2, $column1, $column2 ) = @_;
    return ( $row1 < $row2 ? $row1 : $row2, $column1 < $column2 ? $column1 : $column2 );
}

sub _cell {
    my ( $workbook, $told ) = @_;
    my ( undef, $kind, $value, $style, $formula ) = @$told;
    my $format = $workbook->{Format}[$style];
    my $rich;
    if ( ref $value ) {
        my $text = '';
        for my $part (@$value) {
            my ( $piece, $font ) = @$part;
            push @$rich, [ length $text, $font ? Spreadsheet::ParseExcel::Workbook::_font($font) : $workbook->{Font}[ $format->{FontNo} || 0 ] ];
            $text .= $piece;
        }
        $value = $text;
    }
    my $cell = bless {
        Val      => $value,
        Format   => $format,
        FormatNo => $style,
        Merged   => 0,
        Type     => 'Text',
        Rich     => $rich,
        ( defined $formula ? ( Formula => $formula ) : () ),
    }, 'Spreadsheet::ParseExcel::Cell';
    my $class = $workbook->{FmtClass};
    if ( $kind eq 'd' ) {
        require CPANBridge::Compat::Excel::Dates;
        $value =~ s/ /T/;
        $value .= 'T' if $value !~ /T/;
        my $number = CPANBridge::Compat::Excel::Dates::number( $value, $workbook->{Flg1904} );
        if ( defined $number ) { $cell->{Val} = $number; $kind = 'n' }
    }
    if ( $kind eq 'n' ) {
        my $index = $format ? $format->{FmtIdx} : 0;
        $cell->{Type} = $class->ChkType( 1, $index );
    }
    $cell->{_Value} = $class->ValFmt( $cell, $workbook );
    return $cell;
}

sub _page {
    my ( $self, $sheet ) = @_;
    my $margins = $sheet->{margins} || {};
    my $page    = $sheet->{page};
    my $options = $sheet->{print_options} || {};
    for my $side (qw(left right top bottom)) {
        $self->{ ucfirst($side) . 'Margin' } = $margins->{$side} if defined $margins->{$side};
    }
    for my $side (qw(header footer)) {
        $self->{ ucfirst($side) . 'Margin' } = $margins->{$side} if defined $margins->{$side};
        my $text = $sheet->{ 'odd' . ucfirst $side };
        $self->{ ucfirst $side } = $text if defined $text;
    }
    if ($page) {
        $self->{Landscape}     = ( $page->{orientation} // '' ) eq 'landscape' ? '' : 1;
        $self->{Scale}         = defined $page->{scale}     ? $page->{scale}     : 100;
        $self->{PaperSize}     = defined $page->{paperSize} ? $page->{paperSize} : 1;
        $self->{PageStart}     = $page->{firstPageNumber};
        $self->{UsePage}       = _true( $page->{useFirstPageNumber} );
        $self->{HorizontalDPI} = $page->{horizontalDpi};
        $self->{VerticalDPI}   = $page->{verticalDpi};
        $self->{FitWidth}      = $page->{fitToWidth}  if defined $page->{fitToWidth};
        $self->{FitHeight}     = $page->{fitToHeight} if defined $page->{fitToHeight};
        $self->{LeftToRight}   = 1 if ( $page->{pageOrder} // '' ) eq 'overThenDown';
        $self->{NoColor}       = 1 if _true( $page->{blackAndWhite} );
        $self->{Draft}         = 1 if _true( $page->{draft} );
        $self->{Notes}         = 1 if ( $page->{cellComments} // 'none' ) ne 'none';
    }
    $self->{PageFit}      = 1 if _true( $sheet->{fit_to_page} );
    $self->{HCenter}      = 1 if _true( $options->{horizontalCentered} );
    $self->{VCenter}      = 1 if _true( $options->{verticalCentered} );
    $self->{PrintGrid}    = 1 if _true( $options->{gridLines} );
    $self->{PrintHeaders} = 1 if _true( $options->{headings} );
    $self->{HPageBreak}   = $sheet->{breaks}{rowBreaks} if $sheet->{breaks}{rowBreaks};
    $self->{VPageBreak}   = $sheet->{breaks}{colBreaks} if $sheet->{breaks}{colBreaks};
    $self->{TabColor}     = $sheet->{tab_color} if $sheet->{tab_color};
    $self->{Selection} = [ Spreadsheet::ParseExcel::Utility::sheetRef( $sheet->{selection} || 'A1' ) ];
    return;
}

sub _true { my ($said) = @_; return defined $said && $said =~ /\A(?:1|true|on)\z/ ? 1 : '' }

sub _sizes {
    my ( $self, $sheet, $height, $hidden ) = @_;
    my $default = $sheet->{format} || {};
    $self->{DefRowHeight} = 0 + ( defined $default->{defaultRowHeight} ? $default->{defaultRowHeight} : 12.75 );
    $self->{DefColWidth}  = 0 + ( $default->{defaultColWidth} || $default->{baseColWidth} || 10 );
    my $last = $sheet->{last_row} // -1;
    $self->{RowHeight} = [ map { defined $height->[$_] ? 0 + $height->[$_] : $self->{DefRowHeight} } 0 .. $last ];
    $self->{RowHidden} = [ map { $hidden->[$_] ? 1 : '' } 0 .. $last ];
    my ( @width, @style, @away );
    for my $told ( @{ $sheet->{columns} } ) {
        for my $column ( $told->{min} - 1 .. ( $told->{max} > 16_384 ? 16_384 : $told->{max} ) - 1 ) {
            $width[$column] = $told->{width};
            $style[$column] = $told->{style};
            $away[$column]  = _true( $told->{hidden} );
        }
    }
    @{$self}{qw(ColWidth ColFmtNo ColHidden)} = ( [ map { defined $_ ? 0 + $_ : $self->{DefColWidth} } @width ], \@style, \@away );
    return;
}

sub _merged {
    my ( $self, $ranges ) = @_;
    my @areas;
    for my $range (@$ranges) {
        my ( $from, $to ) = split /:/, $range;
        my @corner = ( Spreadsheet::ParseExcel::Utility::sheetRef($from), Spreadsheet::ParseExcel::Utility::sheetRef( $to || $from ) );
        next if @corner != 4;
        push @areas, \@corner;
        for my $row ( $corner[0] .. ( $corner[2] < $self->{MaxRow} ? $corner[2] : $self->{MaxRow} ) ) {
            my $cells = $self->{Cells} && $self->{Cells}[$row] or next;
            for my $column ( $corner[1] .. ( $corner[3] < $#$cells ? $corner[3] : $#$cells ) ) {
                $cells->[$column]{Merged} = 1 if $cells->[$column];
            }
        }
    }
    $self->{MergedArea} = \@areas if @areas;
    return;
}

sub _linked {
    my ( $self, $links ) = @_;
    for my $link (@$links) {
        my ($from) = split /:/, $link->{ref};
        my ( $row, $column ) = Spreadsheet::ParseExcel::Utility::sheetRef($from) or next;
        my $cell = $self->{Cells} && $self->{Cells}[$row] && $self->{Cells}[$row][$column] or next;
        my $target = defined $link->{target} ? $link->{target} : '';
        $target .= "#$link->{location}" if defined $link->{location};
        $cell->{Hyperlink} = [ defined $link->{display} ? $link->{display} : $cell->{Val}, $target, undef ];
    }
    return;
}

# --- what programs ask --------------------------------------------------------------------------------------------

sub get_cell {
    my ( $self, $row, $column ) = @_;
    return undef    ## no critic - one value, also in lists
      if !defined $row || !defined $column || !defined $self->{MaxRow} || $row < 0 || $column < 0 || $row > $self->{MaxRow}
      || $column > $self->{MaxCol};
    return $self->{Cells} && $self->{Cells}[$row] && $self->{Cells}[$row][$column];
}

sub row_range { my ($self) = @_; return ( $self->{MinRow} || 0, defined $self->{MaxRow} ? $self->{MaxRow} : -1 ) }
sub col_range { my ($self) = @_; return ( $self->{MinCol} || 0, defined $self->{MaxCol} ? $self->{MaxCol} : -1 ) }

sub sheet_num              { return $_[0]{_SheetNo} }
sub workbook               { return $_[0]{_Book} }
sub get_name               { return $_[0]{Name} }
sub is_sheet_hidden        { return $_[0]{SheetHidden} }
sub get_tab_color          { return $_[0]{TabColor} }
sub get_h_pagebreaks       { return $_[0]{HPageBreak} }
sub get_v_pagebreaks       { return $_[0]{VPageBreak} }
sub get_merged_areas       { return $_[0]{MergedArea} }
sub get_default_row_height { return $_[0]{DefRowHeight} }
sub get_default_col_width  { return $_[0]{DefColWidth} }
sub get_header             { return $_[0]{Header} }
sub get_footer             { return $_[0]{Footer} }
sub get_margin_left        { return $_[0]{LeftMargin} }
sub get_margin_right       { return $_[0]{RightMargin} }
sub get_margin_top         { return $_[0]{TopMargin} }
sub get_margin_bottom      { return $_[0]{BottomMargin} }
sub get_margin_header      { return defined $_[0]{HeaderMargin} ? $_[0]{HeaderMargin} : 0.5 }
sub get_margin_footer      { return defined $_[0]{FooterMargin} ? $_[0]{FooterMargin} : 0.5 }
sub get_paper              { return defined $_[0]{PaperSize} ? $_[0]{PaperSize} : 9 }
sub get_print_order        { return $_[0]{LeftToRight} ? 1 : 0 }
sub get_print_scale        { return defined $_[0]{Scale} ? $_[0]{Scale} : 100 }
sub is_portrait            { my ($self) = @_; return !defined $self->{Landscape} ? 1 : $self->{Landscape} ? 1 : 0 }

sub is_centered_horizontally { return $_[0]{HCenter}      ? 1 : 0 }
sub is_centered_vertically   { return $_[0]{VCenter}      ? 1 : 0 }
sub is_print_gridlines       { return $_[0]{PrintGrid}    ? 1 : 0 }
sub is_print_row_col_headers { return $_[0]{PrintHeaders} ? 1 : 0 }
sub is_print_black_and_white { return $_[0]{NoColor}      ? 1 : 0 }
sub is_print_draft           { return $_[0]{Draft}        ? 1 : 0 }
sub is_print_comments        { return $_[0]{Notes}        ? 1 : 0 }

sub get_start_page { my ($self) = @_; return $self->{UsePage} ? $self->{PageStart} : 0 }

sub get_fit_to_pages {
    my ($self) = @_;
    return ( 0, 0 ) if !$self->{PageFit};
    return ( defined $self->{FitWidth} ? $self->{FitWidth} : 1, defined $self->{FitHeight} ? $self->{FitHeight} : 1 );
}

sub _list { my ($list) = @_; return wantarray ? @{ $list || [] } : $list }

sub get_row_heights { my ($self) = @_; return _list( $self->{RowHeight} ) }
sub get_col_widths  { my ($self) = @_; return _list( $self->{ColWidth} ) }

sub is_row_hidden {
    my ( $self, $row ) = @_;
    return defined $row ? $self->{RowHidden}[$row] : _list( $self->{RowHidden} );
}

sub is_col_hidden {
    my ( $self, $column ) = @_;
    return defined $column ? $self->{ColHidden}[$column] : _list( $self->{ColHidden} );
}

{ no warnings 'once'; *Cell = \&get_cell; *RowRange = \&row_range; *ColRange = \&col_range }

1;

__END__

=encoding utf8

=head1 NAME

Spreadsheet::ParseExcel::Worksheet - CPANBridge's replacement: a worksheet that was read

=head1 DESCRIPTION

Part of L<Spreadsheet::ParseXLSX>, where what is covered and what not is told. The methods are those that the original
documents.

=head1 METHODS

=head2 get_cell, row_range, col_range, get_name, sheet_num, workbook

Cells, and where they are.

=head2 is_sheet_hidden, is_row_hidden, is_col_hidden, get_tab_color, get_merged_areas, get_row_heights, get_col_widths, get_default_row_height, get_default_col_width

How the sheet looks.

=head2 get_h_pagebreaks, get_v_pagebreaks, get_header, get_footer, get_margin_left, get_margin_right, get_margin_top, get_margin_bottom, get_margin_header, get_margin_footer, get_paper, get_start_page, get_print_order, get_print_scale, get_fit_to_pages, is_portrait, is_centered_horizontally, is_centered_vertically, is_print_gridlines, is_print_row_col_headers, is_print_black_and_white, is_print_draft, is_print_comments

How it is printed.

=cut
