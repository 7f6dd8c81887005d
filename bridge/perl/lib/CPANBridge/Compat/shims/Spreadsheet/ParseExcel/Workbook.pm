package Spreadsheet::ParseExcel::Workbook;

use 5.014;
use strict;
use warnings;

use Spreadsheet::ParseExcel::FmtDefault;
use Spreadsheet::ParseExcel::Font;
use Spreadsheet::ParseExcel::Format;
use Spreadsheet::ParseExcel::Utility ();
use Spreadsheet::ParseExcel::Worksheet;

our $VERSION = '0.65';

my %FORMAT = (
    %Spreadsheet::ParseExcel::FmtDefault::FORMAT,
    0  => 'GENERAL',
    5  => '$#,##0_);($#,##0)',
    6  => '$#,##0_);[Red]($#,##0)',
    7  => '$#,##0.00_);($#,##0.00)',
    8  => '$#,##0.00_);[Red]($#,##0.00)',
    14 => 'm/d/yyyy',
    22 => 'm/d/yyyy h:mm',
    37 => '#,##0_);(#,##0)',
    38 => '#,##0_);[Red](#,##0)',
    39 => '#,##0.00_);(#,##0.00)',
    40 => '#,##0.00_);[Red](#,##0.00)',
    41 => '#,##0',
    42 => '$#,##0',
    43 => '#,##0.00',
    44 => '$#,##0.00',
);

# Excel's names as the numbers that its older files have for them.
my %HORIZONTAL = _numbered( 0, qw(general left center right fill justify centerContinuous distributed) );
my %VERTICAL   = _numbered( 0, qw(top center bottom justify distributed) );
my %BORDER = _numbered( 0, qw(none thin medium dashed dotted thick double hair mediumDashed dashDot mediumDashDot dashDotDot
    mediumDashDotDot slantDashDot) );
my %FILL = _numbered( 0, qw(none solid mediumGray darkGray lightGray darkHorizontal darkVertical darkDown darkUp darkGrid
    darkTrellis lightHorizontal lightVertical lightDown lightUp lightGrid lightTrellis gray125 gray0625) );
my %UNDERLINE = ( single => 1, double => 2, singleAccounting => 0x21, doubleAccounting => 0x22 );
my %SCRIPT    = ( superscript => 1, subscript => 2 );

sub _numbered { my ( $number, @names ) = @_; return map { $_ => $number++ } @names }

sub new { my ($class) = @_; return bless {}, $class }

# What the daemon says of a workbook, and the rows of its sheets, as the objects that programs know.
sub _made {
    my ( $class, $book, $told, $file, $formatter, $parser ) = @_;
    my $self = bless {
        File          => $file,
        Version       => 'xl-4',
        Flg1904       => $told->{date_1904} ? 1 : '',
        Color         => $told->{theme},
        FormatStr     => { %FORMAT, %{ $told->{format_strings} } },
        Font          => [ map { _font($_) } @{ $told->{fonts} } ],
        FmtClass      => $formatter || Spreadsheet::ParseExcel::FmtDefault->new,
        SelectedSheet => $told->{active},
        PkgStr        => [],
    }, $class;
    my @fills = map { _fill($_) } @{ $told->{fills} };
    my @borders = map { _border($_) } @{ $told->{borders} };
    $self->{Format} = [ map { $self->_format( $_, \@fills, \@borders ) } @{ $told->{formats} } ];
    my ( $number, @places ) = 0;
    for my $sheet ( @{ $told->{sheets} } ) {
        my $index = $number++;
        next if $sheet->{kind} ne 'worksheet';
        $places[$index] = @{ $self->{Worksheet} || [] };
        my $worksheet = Spreadsheet::ParseExcel::Worksheet->new(
            Name     => $sheet->{name},
            _Book    => $self,
            _SheetNo => $sheet->{id},
            ( $sheet->{state} ne 'visible' ? ( SheetHidden => 1 ) : () ),
        );
        push @{ $self->{Worksheet} }, $worksheet;
        $worksheet->_fill( $book, $index, $parser, $places[$index] );
    }
    $self->{SheetCount} = @{ $self->{Worksheet} ||= [] };
    $self->_names( $told->{names}, \@places );
    return $self;
}

sub _font {
    my ($font) = @_;
    return Spreadsheet::ParseExcel::Font->new(
        Name           => $font->{name},
        Height         => defined $font->{size} ? 0 + $font->{size} : 12,
        Bold           => $font->{bold} ? 1 : 0,
        Italic         => $font->{italic} ? 1 : 0,
        Strikeout      => $font->{strike} ? 1 : 0,
        Underline      => $font->{underline} && $font->{underline} ne 'none' ? 1 : 0,
        UnderlineStyle => $UNDERLINE{ $font->{underline} || '' } || 0,
        Super          => $SCRIPT{ $font->{script} || '' } || 0,
        Color          => defined $font->{color} ? $font->{color} : '#000000',
    );
}

sub _fill {
    my ( $pattern, @colors ) = @{ $_[0] };
    $pattern = $FILL{ $pattern || 'none' } || 0;
    return [ $pattern, $pattern ? @colors : ( undef, undef ) ];
}

sub _border {
    my @lines = @{ $_[0] };
    my ( $diagonal, $down, $up ) = splice @lines, 4;
    return {
        BdrStyle => [ map { $BORDER{ $_->[0] || 'none' } || 0 } @lines ],
        BdrColor => [ map { $_->[1] } @lines ],
        BdrDiag  => [ ( $down ? 2 : 0 ) + ( $up ? 1 : 0 ), $BORDER{ $diagonal->[0] || 'none' } || 0, $diagonal->[1] ],
    };
}

my @APPLIED = qw(Alignment Border Fill Font NumberFormat Protection);

sub _format {
    my ( $self, $format, $fills, $borders ) = @_;
    my ( $number, $font, $fill, $border, $align, $locked, $hidden, $applied ) = @$format;
    my ( $horizontal, $vertical, $rotate, $wrap, $shrink, $indent ) = @{ $align || [] };
    return Spreadsheet::ParseExcel::Format->new(
        FontNo => $font,
        Font   => $self->{Font}[$font],
        FmtIdx => $number,
        Lock   => $locked ? 1 : '',
        Hidden => $hidden ? 1 : 0,
        AlignH => $HORIZONTAL{ $horizontal || 'general' } || 0,
        AlignV => $VERTICAL{ $vertical || 'bottom' },
        Wrap   => $wrap   ? 1 : 0,
        Shrink => $shrink ? 1 : 0,
        Indent => 0 + ( $indent || 0 ),
        Rotate => $rotate || 0,
        Fill   => $fills->[$fill] || [ 0, undef, undef ],
        %{ $borders->[$border] || {} },
        ( map { ( "Ignore$APPLIED[$_]" => $applied & 1 << $_ ? '' : 1 ) } 0 .. $#APPLIED ),
    );
}

# Print areas and titles are names that the workbook defines.
sub _names {
    my ( $self, $names, $places ) = @_;
    for my $name (@$names) {
        my $place = defined $name->{sheet} ? $places->[ $name->{sheet} ] : undef;
        next if !defined $place || $name->{name} !~ /\A_xlnm\.Print_(Area|Titles)\z/;
        my $titles = $1 eq 'Titles';
        for my $range ( split /,/, $name->{value} ) {
            $range =~ s/\A.*!//;
            $range =~ s/\$//g;
            if ( $range =~ /\A([A-Z]+)([0-9]+)(?::([A-Z]+)([0-9]+))?\z/ ) {
                my @from = ( $2 - 1, Spreadsheet::ParseExcel::Utility::col2int($1) );
                my @to = defined $3 ? ( $4 - 1, Spreadsheet::ParseExcel::Utility::col2int($3) ) : @from;
                push @{ $self->{PrintArea}[$place] }, [ @from, @to ] if !$titles;
            }
            elsif ( $titles && $range =~ /\A([0-9]+):([0-9]+)\z/ ) {
                push @{ $self->{PrintTitle}[$place]{Row} }, [ $1 - 1, $2 - 1 ];
            }
            elsif ( $titles && $range =~ /\A([A-Z]+):([A-Z]+)\z/ ) {
                push @{ $self->{PrintTitle}[$place]{Column} }, [ map { Spreadsheet::ParseExcel::Utility::col2int($_) } $1, $2 ];
            }
        }
    }
    return;
}

sub worksheet {
    my ( $self, $wanted ) = @_;
    return undef if !defined $wanted;    ## no critic - one value, also in lists
    for my $sheet ( @{ $self->{Worksheet} } ) { return $sheet if $sheet->{Name} eq $wanted }
    return $wanted =~ /\A[0-9]+\z/ ? $self->{Worksheet}[$wanted] : undef;
}

sub worksheets       { my ($self) = @_; return @{ $self->{Worksheet} } }
sub worksheet_count  { return $_[0]{SheetCount} }
sub get_filename     { return $_[0]{File} }
sub get_print_areas  { return $_[0]{PrintArea} }
sub get_print_titles { return $_[0]{PrintTitle} }
sub using_1904_date  { return $_[0]{Flg1904} ? 1 : 0 }
sub get_active_sheet { return $_[0]{SelectedSheet} }

sub color_idx_to_rgb { my ( $self, $color ) = @_; ( my $rgb = $color // '' ) =~ s/\A#//; return $rgb }

{ no warnings 'once'; *Worksheet = \&worksheet }

1;

__END__

=encoding utf8

=head1 NAME

Spreadsheet::ParseExcel::Workbook - CPANBridge's replacement: a workbook that was read

=head1 DESCRIPTION

Part of L<Spreadsheet::ParseXLSX>, where what is covered and what not is told. The methods are those that the original
documents.

=head1 METHODS

=head2 worksheets, worksheet, worksheet_count, get_active_sheet

Its sheets.

=head2 get_filename, using_1904_date, get_print_areas, get_print_titles, color_idx_to_rgb

Of the workbook as a whole.

=cut
