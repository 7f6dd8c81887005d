package Excel::Writer::XLSX::Format;

use 5.014;
use strict;
use warnings;

use Carp ();

our $VERSION = '1.11';
our $AUTOLOAD;

$Carp::Internal{ (__PACKAGE__) }++;

# Other names that properties have.
my %ALIAS = ( font => 'font_name', size => 'font_size', color => 'font_color', format => 'num_format' );

# Properties, with the value that they are set to where none is given.
my %DEFAULT = (
    ( map { $_ => 1 } qw(
          bold border bottom center_across diag_border diag_type font_outline font_scheme font_script font_shadow font_strikeout
          hidden hyperlink indent italic left locked num_format pattern quote_prefix right shrink text_justlast text_wrap
          top underline
    ) ),
    ( map { $_ => 0 } qw(
          align bg_color dxf_index border_color bottom_color color_indexed diag_color fg_color font_charset font_color font_condense
          font_extend font_family font_name font_size left_color num_format_index reading_order right_color rotation
          text_h_align text_v_align theme top_color valign
    ) ),
);

sub _made {
    my ( $class, $stream, $number ) = @_;
    return bless { _stream => $stream, _number => $number, _properties => {} }, $class;
}

# One that belongs to no workbook, to be copied from.
sub new {
    my ( $class, @properties ) = @_;
    my $self = bless { _properties => {} }, $class;
    $self->set_format_properties( grep { !/\A(?:xf|dxf)_/ } @properties ) if @properties && !ref $properties[0];
    return $self;
}

sub _in_stream { return qq({"@":$_[0]{_number}}) }

sub DESTROY { return }

# One value of a property as the daemon wants it; nothing where it says nothing.
sub _value {
    my ( $self, $name, $value ) = @_;
    if ( $name =~ /_color\z/ ) {
        my $rgb = $self->{_stream}->colors->rgb($value);
        return defined $rgb ? $rgb : ();
    }
    return lc $value if $name eq 'align' || $name eq 'valign';
    if ( $name eq 'num_format' ) {
        return $value if $value =~ /\A(?:0|[1-9][0-9]*)\z/;
        return CPANBridge::Compat::Excel::Stream::text($value);
    }
    return CPANBridge::Compat::Excel::Stream::text($value) if $name eq 'font_name' || $name eq 'font_scheme';
    return $value;
}

sub _set {
    my ( $self, @pairs ) = @_;
    my @said;
    while ( my ( $name, $value ) = splice @pairs, 0, 2 ) {
        $name = $ALIAS{$name} if $ALIAS{$name};
        $name = 'center_across' if $name eq 'merge';
        next if !exists $DEFAULT{$name};
        $value = $DEFAULT{$name} if !defined $value;
        $self->{_properties}{$name} = $value;
        $self->{"_$name"} = $value;
        next if !$self->{_stream};
        my ($known) = $self->_value( $name, $value );
        push @said, [ $name, $known ] if defined $known;
    }
    $self->{_stream}->call( set => $self->{_number}, \@said ) if @said;
    return;
}

sub set_format_properties {
    my ( $self, @properties ) = @_;
    my @pairs;
    while (@properties) {
        my $part = shift @properties;
        if ( ref $part eq 'HASH' ) { push @pairs, map { $_ => $part->{$_} } sort keys %$part }
        else                       { push @pairs, $part => shift @properties }
    }
    my @plain;
    while ( my ( $name, $value ) = splice @pairs, 0, 2 ) {
        $name = lc $name;
        $name =~ s/\A-//;
        push @plain, $name => $value;
    }
    return $self->_set(@plain);
}

sub copy {
    my ( $self, $other ) = @_;
    return if !defined $other || ref $other ne ref $self;
    $self->{_properties} = { %{ $other->{_properties} } };
    $self->{"_$_"} = $self->{_properties}{$_} for keys %{ $self->{_properties} };
    if ( $other->{_stream} ) { $self->{_stream}->call( copy => $self->{_number}, $other ) if $self->{_stream} }
    elsif ( $self->{_stream} ) {
        $self->{_stream}->call( clear => $self->{_number} );
        $self->_set( %{ $other->{_properties} } );
    }
    return;
}

sub set_merge { my ($self) = @_; return $self->_set( center_across => 1 ) }

# Every property has a method, under each of its names.
for my $name ( keys %DEFAULT, keys %ALIAS ) {
    my $method = "set_$name";
    no strict 'refs';
    *$method = sub { my ( $self, $value ) = @_; return $self->_set( $name => $value ) };
}

sub AUTOLOAD {    ## no critic - methods for properties that are not known are no error, as in the original
    my ( $self, $value ) = @_;
    ( my $name = $AUTOLOAD ) =~ s/.*:://;
    Carp::croak("Unknown method: $name") if !ref $self || $name !~ /\Aset_(\w+)\z/;
    $self->{"_$1"} = $value;
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

Excel::Writer::XLSX::Format - CPANBridge's replacement: how a cell looks

=head1 DESCRIPTION

Part of L<Excel::Writer::XLSX>, where what is covered and what not is told.

Made by C<add_format>. Each property has a method C<set_NAME>, under the names that the original documents; one that nobody knows is no error, and does nothing.

=head1 METHODS

=head2 new

A format of no workbook, to be copied from.

=head2 copy

Takes over the properties of another format.

=head2 set_format_properties

    $format->set_format_properties( bold => 1, color => 'red' );

=head2 set_merge

The same as C<set_center_across>.

=cut
