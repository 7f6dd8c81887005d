package XML::XPath::Node::PI;

use 5.014;
use strict;
use warnings;

use XML::XPath::Node;

our $VERSION = '1.48';
our @ISA     = ('XML::XPath::Node');

sub new { my ( $class, $target, $data ) = @_; return bless { target => $target, data => $data }, $class }

sub getNodeType { return PROCESSING_INSTRUCTION_NODE }

sub getName      { return $_[0]{target} }
sub getLocalName { return $_[0]{target} }
sub getTarget    { return $_[0]{target} }
sub getNodeValue { return $_[0]{data} }
sub setNodeValue { my ( $self, $data ) = @_; $self->{data} = $data; return }

sub toString {
    my ($self) = @_;
    return defined $self->{data} && length $self->{data} ? "<?$self->{target} $self->{data}?>" : "<?$self->{target}?>";
}

1;

__END__

=head1 NAME

XML::XPath::Node::PI - a processing instruction

=head1 WHAT IS COVERED

C<new>, C<getTarget>, C<getData>, C<getNodeValue>, C<setNodeValue>, C<toString>. See L<XML::XPath::Node> for what all nodes have.

=cut
