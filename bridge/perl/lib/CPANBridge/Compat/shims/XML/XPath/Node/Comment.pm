package XML::XPath::Node::Comment;

use 5.014;
use strict;
use warnings;

use XML::XPath::Node;

our $VERSION = '1.48';
our @ISA     = ('XML::XPath::Node');

sub new { my ( $class, $comment ) = @_; return bless { comment => $comment }, $class }

sub getNodeType { return COMMENT_NODE }

sub getNodeValue { return $_[0]{comment} }
sub setNodeValue { my ( $self, $comment ) = @_; $self->{comment} = $comment; return }

sub toString { my ($self) = @_; ( my $text = $self->{comment} ) =~ s/--/&#45;&#45;/g; return "<!--$text-->" }

1;

__END__

=head1 NAME

XML::XPath::Node::Comment - a comment

=head1 WHAT IS COVERED

C<new>, C<getNodeValue>, C<getValue>, C<getData>, C<setNodeValue>, C<toString>. See L<XML::XPath::Node> for what all nodes have.

=cut
