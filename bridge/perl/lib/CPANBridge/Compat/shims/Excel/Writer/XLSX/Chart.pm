package Excel::Writer::XLSX::Chart;

use 5.014;
use strict;
use warnings;

use Carp ();

use CPANBridge::Compat::Excel::Stream;

our $VERSION = '1.11';

$Carp::Internal{ (__PACKAGE__) }++;

my @TYPES = qw(Area Bar Column Doughnut Line Pie Radar Scatter Stock);
for my $type (@TYPES) {
    no strict 'refs';
    @{"Excel::Writer::XLSX::Chart::${type}::ISA"} = (__PACKAGE__);
    ${"Excel::Writer::XLSX::Chart::${type}::VERSION"} = $VERSION;
}

sub _new_of {
    my ( $class, $workbook, $type, $subtype, $name ) = @_;
    ($type) = grep { lc $_ eq lc $type } @TYPES or Carp::croak("Unknown chart type '$type' in add_chart()");
    my $stream = $workbook->{_stream};
    my $self = bless { _stream => $stream, _number => $stream->number }, "${class}::$type";
    my %options = ( type => lc $type );
    $options{subtype} = $subtype if defined $subtype;
    $options{name} = $name if defined $name;
    $stream->call( add_chart => 0, $self->{_number}, \%options );
    return $self;
}

sub _in_stream { return qq({"@":$_[0]{_number}}) }

sub _op {
    my ( $self, $method, @arguments ) = @_;
    $self->{_stream}->call( $method, $self->{_number}, @arguments );
    return;
}

sub _forward {
    my ($self) = @_;
    for my $name (qw(axis_ids axis2_ids)) {
        $self->_op( attribute => $name, $self->{"_$name"} ) if ref $self->{"_$name"} && @{ $self->{"_$name"} };
    }
    $self->_op( attribute => 'cross_between', $self->{_cross_between} ) if defined $self->{_cross_between};
    return;
}

sub add_series {
    my ( $self, %options ) = @_;
    Carp::croak(q(Must specify 'values' in add_series())) if !exists $options{values};
    for my $name (qw(categories values)) {    # ranges as lists: rows come before columns here
        my $list = $options{$name};
        $options{$name} = [ @{$list}[ 0, 1, 3, 2, 4 ] ] if ref $list eq 'ARRAY' && @$list == 5;
    }
    return $self->_op( add_series => \%options );
}

# Methods that take pairs of names and values.
for my $method (
    qw(set_x_axis set_y_axis set_x2_axis set_y2_axis set_title set_legend set_size set_table
    set_up_down_bars set_drop_lines set_high_low_lines)
  )
{
    no strict 'refs';
    *$method = sub { my ( $self, %options ) = @_; return $self->_op( $method => \%options ) };
}

# Areas may also be described in the words of the older Spreadsheet::WriteExcel.
my %WEIGHT = ( hairline => 0.25, narrow => 1, medium => 2, wide => 3, 1 => 0.25, 2 => 1, 3 => 2, 4 => 3 );
my %DASH = (
    solid => 'solid', dash => 'dash', dot => 'dot', 'dash-dot' => 'dash_dot', 'dash-dot-dot' => 'long_dash_dot_dot',
    0 => undef, 1 => 'solid', 2 => 'dash', 3 => 'dot', 4 => 'dash_dot', 5 => 'long_dash_dot_dot',
);

sub _area {
    my (%options) = @_;
    my ( $color, $line, $pattern, $weight ) = delete @options{qw(color line_color line_pattern line_weight)};
    $options{fill} ||= { color => $color } if defined $color;
    if ( !$options{line} && !$options{border} && grep { defined } $line, $pattern, $weight ) {
        my %border;
        $border{color} = $line if defined $line;
        $border{width} = $WEIGHT{ lc $weight } if defined $weight && $WEIGHT{ lc $weight };
        if ( defined $pattern ) {
            if ( $pattern eq 'none' ) { %border = ( none => 1 ) }
            elsif ( $DASH{ lc $pattern } ) { $border{dash_type} = $DASH{ lc $pattern } }
        }
        $options{border} = \%border;
    }
    return \%options;
}

sub set_plotarea  { my ( $self, %options ) = @_; return $self->_op( set_plotarea  => _area(%options) ) }
sub set_chartarea { my ( $self, %options ) = @_; return $self->_op( set_chartarea => _area(%options) ) }

sub set_style {
    my ( $self, $number ) = @_;
    $number = 2 if !defined $number || $number < 0 || $number > 48;
    return $self->_op( set_style => $number );
}

sub show_blanks_as {
    my ( $self, $option ) = @_;
    $option = 'gap' if !defined $option || !length $option;
    if ( $option !~ /\A(?:gap|zero|span)\z/ ) { Carp::carp("Unknown show_blanks_as() option '$option'"); return }
    return $self->_op( show_blanks_as => $option );
}

sub show_na_as_empty_cell { my ($self) = @_; return $self->_op('show_na_as_empty_cell') }
sub show_hidden_data      { my ($self) = @_; return $self->_op('show_hidden_data') }

sub combine { my ( $self, $chart ) = @_; return $self->_op( combine => $chart ) }

sub set_rotation {
    my ( $self, $angle ) = @_;
    return if !defined $angle;
    if ( $angle < 0 || $angle > 360 ) { Carp::carp("Chart rotation $angle outside range: 0 <= rotation <= 360"); return }
    return $self->_op( set_rotation => int $angle );
}

sub set_hole_size {
    my ( $self, $size ) = @_;
    return if !defined $size;
    if ( $size < 10 || $size > 90 ) { Carp::carp("Chart hole size $size outside range: 10 <= size <= 90"); return }
    return $self->_op( set_hole_size => int $size );
}

1;

__END__

=encoding utf8

=head1 NAME

Excel::Writer::XLSX::Chart - CPANBridge's replacement: a chart

=head1 DESCRIPTION

Part of L<Excel::Writer::XLSX>, where what is covered and what not is told.

Made by C<add_chart>. The methods and their options are those that the original documents; the options go to XlsxWriter's charts, which know the same ones. The classes C<Excel::Writer::XLSX::Chart::Column> and so on are there.

=head1 METHODS

=head2 add_series, combine

What it shows.

=head2 set_x_axis, set_y_axis, set_x2_axis, set_y2_axis, set_title, set_legend, set_plotarea, set_chartarea, set_style, set_size, set_table, set_up_down_bars, set_drop_lines, set_high_low_lines

How it looks.

=head2 set_rotation, set_hole_size

Of pies and doughnuts.

=head2 show_blanks_as, show_hidden_data, show_na_as_empty_cell

Cells without a number.

=cut
