package Excel::Writer::XLSX::Shape;

use 5.014;
use strict;
use warnings;

use Carp ();

use CPANBridge::Compat::Excel::Stream;

our $VERSION = '1.11';
our $AUTOLOAD;

$Carp::Internal{ (__PACKAGE__) }++;

my %DEFAULT = (
    align => 'c', valign => 'ctr', fill => 0, line => '000000', line_type => '', line_weight => 1, format => {}, text => '',
    typeface => 'Arial', type => 'rect', width => 50, height => 50, x_offset => 0, y_offset => 0, scale_x => 1,
    scale_y => 1, rotation => 0, stencil => 1, flip_h => 0, flip_v => 0, connect => 0, start => '', start_index => '',
    start_side => '', end => '', end_index => '', end_side => '', drawing => 0, editAs => '', txBox => 0, adjustments => [],
    name => '', id => 0,
);

my %ALIGN  = ( l => 'left', c => 'center', ctr => 'center', r => 'right', just => 'justify' );
my %VALIGN = ( t => 'top', ctr => 'middle', b => 'bottom' );
my %DASH   = ( dash => 'dash', sysDot => 'round_dot', sysDash => 'square_dot', dashDot => 'dash_dot', lgDash => 'long_dash',
    lgDashDot => 'long_dash_dot', lgDashDotDot => 'long_dash_dot_dot' );

sub _made {
    my ( $class, $stream, %properties ) = @_;
    my $self = bless { _stream => $stream, %DEFAULT }, $class;
    $self->set_properties(%properties);
    return $self;
}

sub set_properties {
    my ( $self, %properties ) = @_;
    for my $name ( keys %properties ) { ( my $plain = $name ) =~ s/\A-//; $self->{$plain} = $properties{$name} }
    return;
}

sub set_adjustments { my ( $self, @values ) = @_; $self->{adjustments} = \@values; return }

# The nearest that there is: a box with a text.
sub _insert_into {
    my ( $self, $sheet, $row, $column, $x, $y, $scale_x, $scale_y ) = @_;
    if ( $self->{type} =~ /Connector|\Aline\z/ ) {
        Carp::carp("Excel::Writer::XLSX: CPANBridge leaves out shapes of type $self->{type}");
        return;
    }
    Carp::carp("Excel::Writer::XLSX: CPANBridge draws shapes of type $self->{type} as boxes") if $self->{type} ne 'rect';
    my %options = (
        width    => $self->{width},
        height   => $self->{height},
        x_offset => $x || $self->{x_offset},
        y_offset => $y || $self->{y_offset},
        x_scale  => $scale_x || $self->{scale_x},
        y_scale  => $scale_y || $self->{scale_y},
        align    => { horizontal => $ALIGN{ $self->{align} } || 'center', vertical => $VALIGN{ $self->{valign} } || 'middle' },
        fill     => $self->{fill} ? { color => _color( $self->{fill} ) } : { none => 1 },
        line     => {
            color => _color( $self->{line} ),
            width => $self->{line_weight},
            $DASH{ $self->{line_type} } ? ( dash_type => $DASH{ $self->{line_type} } ) : (),
        },
    );
    my $font = ref $self->{format} && $self->{format}{_properties} ? $self->{format}{_properties} : {};
    $options{font} = {
        name => $font->{font_name} || $self->{typeface},
        ( map { $font->{$_} ? ( $_ => 1 ) : () } qw(bold italic underline) ),
        ( $font->{font_size}  ? ( size  => $font->{font_size} )  : () ),
        ( $font->{font_color} ? ( color => $font->{font_color} ) : () ),
    };
    $sheet->_op( insert_textbox => $row, $column, CPANBridge::Compat::Excel::Stream::text( $self->{text} ), \%options );
    return;
}

# Colours of shapes are RRGGBB, or names and numbers as elsewhere.
sub _color { my ($color) = @_; return $color =~ /\A[0-9A-Fa-f]{6}\z/ ? "#$color" : $color }

sub DESTROY { return }

sub AUTOLOAD {    ## no critic - each property has a method to get it and one to set it
    my ( $self, $value ) = @_;
    my ( $way, $name ) = $AUTOLOAD =~ /::([gs]et)_(\w+)\z/ or Carp::croak("Unknown method: $AUTOLOAD");
    Carp::croak("Unknown method: $AUTOLOAD") if !ref $self;
    return $self->{$name} if $way eq 'get';
    $self->{$name} = $value;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Excel::Writer::XLSX::Shape - CPANBridge's replacement: a shape, drawn as a box

=head1 DESCRIPTION

Part of L<Excel::Writer::XLSX>, where what is covered and what not is told.

Made by C<add_shape>. Each property has methods C<get_NAME> and C<set_NAME>. C<insert_shape> draws a box with the shape's
size, text, font, fill and line; a warning says so where the shape is another one. Connectors are left out, with a warning.
Rotation, flipping and adjustments do nothing.

=head1 METHODS

=head2 set_properties, set_adjustments

    $shape->set_properties( text => 'Hello', fill => 'FFCC00' );

=cut
