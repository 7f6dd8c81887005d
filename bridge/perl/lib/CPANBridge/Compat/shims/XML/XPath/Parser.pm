package XML::XPath::Parser;

use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::XML::XPath::Evaluate;
use CPANBridge::Compat::XML::XPath::Grammar;
use XML::XPath::Boolean;
use XML::XPath::Function;
use XML::XPath::Literal;
use XML::XPath::Node ();
use XML::XPath::NodeSet;
use XML::XPath::Number;

our $VERSION = '1.48';

sub new { my ($class) = @_; return bless { variables => {}, namespaces => {}, position => 1, size => 1 }, $class }

sub parse {
    my ( $self, $path ) = @_;
    return bless { parser => $self, tree => CPANBridge::Compat::XML::XPath::Grammar::parse($path) }, 'XML::XPath::Expr';
}

sub get_var { my ( $self, $name ) = @_; return $self->{variables}{$name} }
sub set_var { my ( $self, $name, $value ) = @_; $self->{variables}{$name} = $value; return }

sub get_namespace    { my ( $self, $prefix ) = @_;       return $self->{namespaces}{$prefix} }
sub set_namespace    { my ( $self, $prefix, $uri ) = @_; $self->{namespaces}{$prefix} = $uri; return }
sub clear_namespaces { my ($self) = @_; $self->{namespaces} = {}; return }

sub get_context_pos  { return $_[0]{position} }
sub get_context_size { return $_[0]{size} }

sub cleanup { my ($self) = @_; $self->{variables} = {}; return }

package XML::XPath::Expr;

our $VERSION = '1.48';

# At a node, or at the first one of a set.
sub evaluate {
    my ( $self, $node ) = @_;
    $node = $node->get_node(1) if $node->isa('XML::XPath::NodeSet');
    local @{ $self->{parser} }{qw(position size)} = ( 1, 1 );
    return CPANBridge::Compat::XML::XPath::Evaluate::value( $self->{parser}, $node, $self->{tree} );
}

sub as_string { my ($self) = @_; return CPANBridge::Compat::XML::XPath::Grammar::as_string( $self->{tree} ) }

1;

__END__

=head1 NAME

XML::XPath::Parser - expressions of XPath

=head1 SYNOPSIS

    my $parser = XML::XPath::Parser->new;
    my $path   = $parser->parse('//server[@name = $name]');
    $parser->set_var( name => XML::XPath::Literal->new('gobi') );
    my $found = $path->evaluate($root);

=head1 WHAT IS COVERED

C<new>, C<parse>, C<set_var>, C<get_var>, C<set_namespace>, C<get_namespace>, C<clear_namespaces>, and of what C<parse> returns, C<evaluate>
and C<as_string>. All of XPath 1.0's grammar. Expressions are read once and remembered.

A variable holds a set of nodes, a literal, number or boolean; a plain string of Perl is a literal.

=head1 WHAT IS NOT COVERED

The trees of objects that the original makes of expressions, and C<as_xml>.

=cut
