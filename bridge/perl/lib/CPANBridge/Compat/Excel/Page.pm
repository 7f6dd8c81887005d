package CPANBridge::Compat::Excel::Page;

# What a worksheet looks like, on screen and on paper.
use 5.014;
use strict;
use warnings;

use Carp ();

use CPANBridge::Compat::Excel::Stream;

our $VERSION = '0.1.0';

*_text = \&CPANBridge::Compat::Excel::Stream::text;

# Methods that take nothing, or numbers as they are, with what they are where nothing is given.
my %SIMPLE = (
    activate             => [],
    select               => [],
    hide                 => [],
    very_hidden          => [],
    set_first_sheet      => [],
    set_portrait         => [],
    set_landscape        => [],
    set_page_view        => [1],
    set_pagebreak_view   => [],
    set_paper            => [0],
    center_horizontally  => [],
    center_vertically    => [],
    hide_gridlines       => [1],
    print_row_col_headers => [],
    hide_row_col_headers => [],
    fit_to_pages         => [ 1, 1 ],
    print_black_and_white => [],
    show_comments        => [],
    right_to_left        => [],
    hide_zero            => [],
    print_across         => [],
    outline_settings     => [ 1, 1, 1, 0 ],
);

for my $method ( keys %SIMPLE ) {
    my @default = @{ $SIMPLE{$method} };
    no strict 'refs';
    *$method = sub {
        my ( $self, @given ) = @_;
        my @values = map { defined $given[$_] ? $given[$_] : $default[$_] } 0 .. $#default;
        return $self->_op( $method => map { $_ ? 0 + $_ : 0 } @values );
    };
}

# --- views --------------------------------------------------------------------------------------------------------

sub set_zoom {
    my ( $self, $scale ) = @_;
    $scale = 100 if !defined $scale;
    if ( $scale < 10 || $scale > 400 ) { Carp::carp("Zoom factor $scale outside range: 10 <= zoom <= 400"); $scale = 100 }
    return $self->_op( set_zoom => int $scale );
}

sub set_print_scale {
    my ( $self, $scale ) = @_;
    $scale = 100 if !defined $scale;
    if ( $scale < 10 || $scale > 400 ) {
        Carp::carp("Print scale $scale outside range: 10 <= zoom <= 400");
        $scale = 100;
    }
    return $self->_op( set_print_scale => int $scale );
}

sub set_tab_color {
    my ( $self, $color ) = @_;
    my $rgb = $self->{_stream}->colors->rgb($color);
    return defined $rgb ? $self->_op( set_tab_color => $rgb ) : ();
}

sub set_selection {
    my ( $self, @args ) = @_;
    return if !@args;
    my ( $row1, $column1, $row2, $column2 ) = $self->_numbered(@args);
    return if $self->_outside( $row1, $column1 );
    return $self->_op( set_selection => $row1, $column1, defined $row2 ? $row2 : $row1, defined $column2 ? $column2 : $column1 );
}

sub set_top_left_cell {
    my ( $self, @args ) = @_;
    my ( $row, $column ) = $self->_numbered(@args);
    return $self->_op( set_top_left_cell => $row, $column );
}

sub freeze_panes {
    my ( $self, @args ) = @_;
    return if !@args;
    my ( $row, $column, $top, $left, $type ) = $self->_numbered(@args);
    return $self->_op( freeze_panes => $row || 0, $column || 0, $top, $left, $type || 0 );
}

sub split_panes {
    my ( $self, @args ) = @_;
    my ( $y, $x, $top, $left ) = $self->_numbered(@args);
    return $self->_op( split_panes => $y || 0, $x || 0, $top, $left );
}

# --- rows and columns ---------------------------------------------------------------------------------------------

sub set_column        { my ( $self, @args ) = @_; return $self->_set_column( 'set_column',        @args ) }
sub set_column_pixels { my ( $self, @args ) = @_; return $self->_set_column( 'set_column_pixels', @args ) }

sub _set_column {
    my ( $self, $method, @args ) = @_;
    if ( defined $args[0] && $args[0] =~ /\A\$?[A-Za-z]/ ) {
        my ( undef, $first, undef, $last, @rest ) = $self->_range(@args);
        @args = ( $first, $last, @rest );
    }
    return -1 if @args < 3;
    my ( $first, $last, $width, $format, $hidden, $level, $collapsed ) = @args;
    return if !defined $first || !defined $last;
    ( $first, $last ) = ( $last, $first ) if $first > $last;
    return -2 if $self->_outside( 0, $first, 0, $last );
    $self->_op(
        $method => $first, $last, $width, $format, $hidden ? \1 : \0, _level($level), $collapsed ? \1 : \0
    );
    return 0;
}

sub _level { my ($level) = @_; $level ||= 0; return $level < 0 ? 0 : $level > 7 ? 7 : 0 + $level }

sub set_row        { my ( $self, @args ) = @_; return $self->_set_row( 'set_row',        @args ) }
sub set_row_pixels { my ( $self, @args ) = @_; return $self->_set_row( 'set_row_pixels', @args ) }

sub _set_row {
    my ( $self, $method, $row, $height, $format, $hidden, $level, $collapsed ) = @_;
    return if !defined $row;
    return -2 if $self->_outside( $row, 0 );
    $self->_op( $method => $row, $height, $format, $hidden ? \1 : \0, _level($level), $collapsed ? \1 : \0 );
    return 0;
}

sub set_default_row {
    my ( $self, $height, $hide ) = @_;
    return $self->_op( set_default_row => $height, $hide ? \1 : \0 );
}

# --- paper --------------------------------------------------------------------------------------------------------

sub _margin {
    my ( $self, $side, $inches, $default ) = @_;
    return $self->_op( attribute => "margin_$side", defined $inches ? 0 + $inches : $default );
}

sub set_margin_left   { my ( $self, $inches ) = @_; return $self->_margin( left   => $inches, 0.7 ) }
sub set_margin_right  { my ( $self, $inches ) = @_; return $self->_margin( right  => $inches, 0.7 ) }
sub set_margin_top    { my ( $self, $inches ) = @_; return $self->_margin( top    => $inches, 0.75 ) }
sub set_margin_bottom { my ( $self, $inches ) = @_; return $self->_margin( bottom => $inches, 0.75 ) }

sub set_margins_LR {
    my ( $self, $inches ) = @_;
    $self->set_margin_left($inches);
    return $self->set_margin_right($inches);
}

sub set_margins_TB {
    my ( $self, $inches ) = @_;
    $self->set_margin_top($inches);
    return $self->set_margin_bottom($inches);
}

sub set_margins {
    my ( $self, $inches ) = @_;
    $self->set_margins_LR($inches);
    return $self->set_margins_TB($inches);
}

sub set_header { my ( $self, @args ) = @_; return $self->_header( set_header => @args ) }
sub set_footer { my ( $self, @args ) = @_; return $self->_header( set_footer => @args ) }

sub _header {
    my ( $self, $method, $text, $margin, $options ) = @_;
    $text = '' if !defined $text;
    if ( length $text > 255 ) { Carp::carp('Header string must be at most 255 characters'); return }
    my %said = %{ $options || {} };
    my %images;
    for my $place (qw(left center right)) {
        my $file = delete $said{"image_$place"};
        next if !defined $file;
        $images{$place} = [ $self->_picture( $file, $method ) ];
    }
    ( my $counted = $text ) =~ s/&\[Picture\]/&G/g;
    my $places = () = $counted =~ /&G/g;
    if ( $places != keys %images ) {
        Carp::carp( 'Number of ' . ( $method eq 'set_header' ? 'header' : 'footer' ) . ' images (' . keys(%images)
              . ") doesn't match placeholder count ($places) in string: $text" );
        return;
    }
    $said{margin} = 0 + $margin if defined $margin;
    return $self->_op( $method => _text($text), \%said, \%images );
}

sub repeat_rows {
    my ( $self, $first, $last ) = @_;
    return $self->_op( repeat_rows => $first, defined $last ? $last : $first );
}

sub repeat_columns {
    my ( $self, @args ) = @_;
    if ( defined $args[0] && $args[0] =~ /\A\$?[A-Za-z]/ ) {
        @args = ( $self->_range( $args[0] =~ /:/ ? $args[0] : "$args[0]:$args[0]" ) )[ 1, 3 ];
    }
    my ( $first, $last ) = @args;
    return $self->_op( repeat_columns => $first, defined $last ? $last : $first );
}

sub print_area {
    my ( $self, @args ) = @_;
    my ( $row1, $column1, $row2, $column2 ) = $self->_range(@args);
    return if !defined $column2;
    return $self->_op( print_area => $row1, $column1, $row2, $column2 );
}

sub set_start_page {
    my ( $self, $number ) = @_;
    return if !defined $number;
    return $self->_op( set_start_page => $number );
}

sub set_h_pagebreaks { my ( $self, @rows )    = @_; return $self->_op( set_h_pagebreaks => [@rows] ) }
sub set_v_pagebreaks { my ( $self, @columns ) = @_; return $self->_op( set_v_pagebreaks => [@columns] ) }

# The original has it for its own tests.
sub set_first_row_column { return }

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::Excel::Page - what a worksheet looks like

=head1 DESCRIPTION

The methods of our L<Excel::Writer::XLSX> worksheets that set views, rows and columns, and printing. Programs have no need
of it by itself.

Implements methods of L<Excel::Writer::XLSX>, whose documentation says what they do;
the replacement's own says what is different.

=head1 METHODS

=head2 set_zoom

=head2 set_print_scale

Scales.

=head2 set_tab_color

The colour of the tab.

=head2 set_selection

=head2 set_top_left_cell

=head2 freeze_panes

=head2 split_panes

The view.

=head2 set_column

=head2 set_column_pixels

=head2 set_row

=head2 set_row_pixels

=head2 set_default_row

Widths, heights, formats and outlines.

=head2 set_margin_left

=head2 set_margin_right

=head2 set_margin_top

=head2 set_margin_bottom

=head2 set_margins_LR

=head2 set_margins_TB

=head2 set_margins

Margins in inches.

=head2 set_header

=head2 set_footer

Headers and footers; their pictures are read by the program.

=head2 repeat_rows

=head2 repeat_columns

=head2 print_area

=head2 set_start_page

=head2 set_h_pagebreaks

=head2 set_v_pagebreaks

Pages.

=head2 set_first_row_column

Does nothing.

=cut
