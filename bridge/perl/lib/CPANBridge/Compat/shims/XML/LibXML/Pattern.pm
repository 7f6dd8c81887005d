package XML::LibXML::Pattern;

use 5.014;
use strict;
use warnings;

use Carp ();
use CPANBridge::Compat::LibXML::Tree qw(root);
use XML::LibXML::XPathContext ();

our $VERSION = '2.0134';

# A pattern is the part of XPath that goes downwards; alternatives stand beside |.
sub new {
    my ( $class, $pattern, $namespaces ) = @_;
    my $context = XML::LibXML::XPathContext->new;
    $context->registerNs( $_ => $namespaces->{$_} ) for keys %{ $namespaces || {} };
    my @parts = split /\|/, $pattern;
    for my $part (@parts) {
        $part =~ s/\A\s+|\s+\z//g;
        Carp::croak("Compilation of pattern failed") if $part !~ m{\A[\w:.*\@/\-\x{b7}\x{c0}-\x{10ffff}]+\z} || $part =~ m{///|[^/]\.\.|\A\z};
        $part = "//$part" if $part !~ m{\A/} && $part !~ m{\A\.};
        $part =~ s{\A\./}{/} if $part =~ m{\A\.//};
        XML::LibXML::XPathExpression->new($part);
    }
    return bless { context => $context, xpath => join( '|', @parts ) }, $class;
}

sub matchesNode {
    my ( $self, $object ) = @_;
    my $node = $object->[0];
    my $top = $object->_wrapped( root($node) );
    for my $found ( XML::LibXML::XPathContext::_nodes( $top, $self->{xpath}, $self->{context} ) ) {
        return 1 if $found->[0] == $node;
    }
    return 0;
}

1;

__END__

=encoding utf8

=head1 NAME

XML::LibXML::Pattern - simple patterns that nodes are compared with (CPANBridge's replacement)

=head1 DESCRIPTION

Part of L<XML::LibXML>, which says what is covered.

=cut
