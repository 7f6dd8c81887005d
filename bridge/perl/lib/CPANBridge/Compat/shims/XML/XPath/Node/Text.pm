package XML::XPath::Node::Text;

use 5.014;
use strict;
use warnings;

use XML::XPath::Node;

our $VERSION = '1.48';
our @ISA     = ('XML::XPath::Node');

sub new { my ( $class, $text ) = @_; return bless { text => $text }, $class }

sub getNodeType { return TEXT_NODE }

sub getNodeValue { return $_[0]{text} }
sub setNodeValue { my ( $self, $text ) = @_; $self->{text} = $text; return }
sub appendText   { my ( $self, $text ) = @_; return $self->{text} .= $text }

sub toString { my ($self) = @_; return XML::XPath::Node::XMLescape( $self->{text} ) }

1;

__END__

=head1 NAME

XML::XPath::Node::Text - text

=head1 WHAT IS COVERED

C<new>, C<getNodeValue>, C<getValue>, C<getData>, C<setNodeValue>, C<appendText>, C<toString>. See L<XML::XPath::Node> for what all nodes
have.

=cut
