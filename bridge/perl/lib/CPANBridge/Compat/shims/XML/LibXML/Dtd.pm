package XML::LibXML::Dtd;

use 5.014;
use strict;
use warnings;
no warnings 'once';    # methods have several names

use Carp ();
use CPANBridge::Compat::LibXML::Daemon ();
use CPANBridge::Compat::LibXML::Input ();
use CPANBridge::Compat::LibXML::Tree qw(:all);
use XML::LibXML::Node ();

our $VERSION = '2.0134';
our @ISA     = ('XML::LibXML::Node');

# Reads the DTD of a system identifier.
sub new {
    my ( $class, $public, $system ) = @_;
    return if !defined $system || !length $system;
    my $content = $class->_checked( _input()->resource( $system, $public ), $system );
    return new_wrapped( new_node( DTD, 'none', { public => defined $public && length $public ? $public : undef, system => $system, content => $content } ) );
}

sub parse_uri { my ( $class, $public, $system ) = @_; return $class->new( $public, $system ) }

sub parse_string {
    my ( $class, $text, $encoding ) = @_;
    utf8::encode($text) if utf8::is_utf8($text);
    if ( defined $encoding && $encoding !~ /\Autf-?8\z/i && $text !~ /\A<\?xml/ ) {
        require Encode;
        $text = Encode::encode( 'UTF-8', Encode::decode( $encoding, $text ) );
    }
    return new_wrapped( new_node( DTD, 'none', { content => $class->_checked( $text, undef ) } ) );
}

sub _input { return XML::LibXML->new( load_ext_dtd => 1 )->_input }

# Whether libxml2 takes it for a DTD.
sub _checked {
    my ( $class, $content, $name ) = @_;
    die XML::LibXML::Error->_made( domain => 8, code => 1549, level => 1, line => 0, message => qq{failed to load external entity "$name"\n} )
      if !defined $content;
    my $answer = CPANBridge::Compat::LibXML::Daemon::parse( '<x/>', {}, _input(), $content );
    my @faults = grep { $_->[0] != 23 && $_->[2] > 1 } @{ $answer->{problems} };
    if (@faults) { die CPANBridge::Compat::LibXML::Daemon::error_of( \@faults, source => $content, file => $name ) }
    return $content;
}

# The declarations, bytes; those of a document's own subset if it is that.
sub _content {
    my ($self) = @_;
    my $facts = $self->[0][VALUE];
    return $facts->{content} if defined $facts->{content};
    my $content = $facts->{subset};
    utf8::encode($content) if defined $content;
    if ( defined $facts->{system} ) {
        my $document = owner( $self->[0] );
        my $uri = $document ? $document->[VALUE]{uri} : undef;
        my $more = _input()->resource( CPANBridge::Compat::LibXML::Input::resolved( $facts->{system}, $uri ), $facts->{public} );
        $content = ( defined $content ? $content : '' ) . $more if defined $more;
    }
    return $content;
}

sub systemId { my $id = $_[0][0][VALUE]{system}; return $id }
sub publicId { my $id = $_[0][0][VALUE]{public}; return $id }

*getSystemId = \&systemId;
*getPublicId = \&publicId;

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Dtd - document type definitions (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered. Nodes for its declarations can be looked at, not changed.

=cut
