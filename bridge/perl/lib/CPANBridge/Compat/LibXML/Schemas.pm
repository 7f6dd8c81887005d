package CPANBridge::Compat::LibXML::Schemas;

# Validation by XML Schema and RELAX NG, which the daemon does.
use 5.014;
use strict;
use warnings;

use Carp ();
use CPANBridge::Compat::LibXML::Daemon ();
use CPANBridge::Compat::LibXML::Input ();
use CPANBridge::Compat::LibXML::Tree qw(:all);
use CPANBridge::Compat::LibXML::Writer ();
use Scalar::Util qw(blessed);

our $VERSION = '0.1.0';

# A schema that has been found sound.
sub loaded {
    my ( $kind, $from ) = @_;
    my %self = ( kind => $kind );
    if ( defined $from->{location} ) {
        $self{url} = "$from->{location}";
        $self{source} = XML::LibXML->new->_file( $self{url} );
    }
    elsif ( defined $from->{string} ) { ( $self{source} ) = XML::LibXML::_octets( $from->{string} ) }
    elsif ( defined $from->{DOM} )    { $self{source} = _text( $from->{DOM} ); $self{url} = $from->{DOM}->_address_for_references }
    else                              { Carp::croak( 'XML::LibXML::' . ( $kind eq 'schema' ? 'Schema' : 'RelaxNG' ) . '->new: specify location or string' . ( $kind eq 'schema' ? '' : ' or DOM' ) ) }
    my $parser = XML::LibXML->new( ref $from->{options} eq 'HASH' ? $from->{options} : () );
    $parser->{files} = 1;    # what a schema includes belongs to it
    $self{input} = $parser->_input;
    my $answer = _asked( \%self, undef );
    if ( my $error = CPANBridge::Compat::LibXML::Daemon::error_of( $answer->{broken}, source => $self{source}, file => $self{url}, no_context => 1 ) ) { die $error }
    return \%self;
}

sub _asked {
    my ( $self, $bytes ) = @_;
    return CPANBridge::Compat::LibXML::Daemon::validate( @$self{qw(kind source)}, $bytes, @$self{qw(url input)} );
}

# A document or an element as bytes.
sub _text {
    my ($object) = @_;
    my $node = $object->[0];
    my $text;
    if ( $node->[TYPE] == ELEMENT ) {
        my $copy = clone( $node, 1 );
        reconcile($copy);
        $text = CPANBridge::Compat::LibXML::Writer::node_text( $copy, 0 );
    }
    else { $text = CPANBridge::Compat::LibXML::Writer::document_text( $node, 0, undef ) }
    utf8::encode($text);
    return $text;
}

sub validate {
    my ( $self, $object ) = @_;
    Carp::croak('validate: a document or an element is needed') if !blessed $object || !$object->isa('XML::LibXML::Node');
    my $answer = _asked( $self, _text($object) );
    if ( my $error = CPANBridge::Compat::LibXML::Daemon::error_of( $answer->{broken} ) ) { die $error }
    my $uri = $object->isa('XML::LibXML::Document') ? $object->URI : undef;
    my $error = CPANBridge::Compat::LibXML::Daemon::error_of( $answer->{problems}, file => $uri );
    die $error if $error;
    return 0;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::Schemas - validation by schemas

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it.

=head1 FUNCTIONS

=head2 loaded

    my $schema = loaded( $kind, \%from );

=head2 validate

    validate( $schema, $object );

Returns 0, or dies with an L<XML::LibXML::Error>.

=cut
