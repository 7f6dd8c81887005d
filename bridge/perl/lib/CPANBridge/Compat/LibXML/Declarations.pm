package CPANBridge::Compat::LibXML::Declarations;

# The declarations of a DTD as nodes, for programs that look at them. They are read from the DTD's text when they are asked
# for, and what is done to them does not change it.
use 5.014;
use strict;
use warnings;

use CPANBridge::Compat::LibXML::Tree qw(:all);
use Scalar::Util qw(weaken);

our $VERSION = '0.1.0';

my %TYPE = ( ELEMENT => ELEMENT_DECL, ATTLIST => ATTRIBUTE_DECL, ENTITY => ENTITY_DECL, NOTATION => NOTATION );

# Gives a DTD its children.
sub into {
    my ($dtd) = @_;
    my $facts = $dtd->[VALUE];
    my $text  = $facts->{subset};
    if ( !defined $text && defined $facts->{content} ) {
        $text = $facts->{content};
        utf8::decode($text);
    }
    my @nodes;
    $text = '' if !defined $text;
    while ( $text =~ /<!--(.*?)-->|<\?([^\s?]+)\s*(.*?)\?>|(<!([A-Z]+)\s+(%\s+)?(\S+)((?:[^"'>]+|"[^"]*"|'[^']*')*)>)/gs ) {
        if    ( defined $1 ) { push @nodes, new_node( COMMENT, undef, $1 ) }
        elsif ( defined $2 ) { push @nodes, new_node( PI, $2, $3 ) }
        elsif ( my $type = $TYPE{$5} ) {
            my ( $whole, $name, $rest ) = ( $4, $7, $8 );
            my ($content) = $type == ENTITY_DECL && $rest =~ /\A\s*(?:"([^"]*)"|'([^']*)')/ ? grep {defined} $1, $2 : undef;
            push @nodes, new_node( $type, $name, { text => $whole, content => $content } );
        }
    }
    for my $i ( 0 .. $#nodes ) {
        $nodes[$i][POS] = $i;
        weaken( $nodes[$i][PARENT] = $dtd );
    }
    $dtd->[KIDS] = \@nodes;
    return;
}

# The declaration of the entity that a reference names.
sub entity {
    my ($reference) = @_;
    my $document = owner($reference) or return;
    for my $dtd ( ( grep { $_->[TYPE] == DTD } @{ $document->[KIDS] } ), $document->[VALUE]{external} ) {
        next if !$dtd;
        into($dtd) if !$dtd->[KIDS];
        for my $declared ( @{ $dtd->[KIDS] } ) {
            return $declared if $declared->[TYPE] == ENTITY_DECL && $declared->[NAME] eq $reference->[NAME];
        }
    }
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::LibXML::Declarations - a DTD's declarations as nodes

=head1 DESCRIPTION

Used by our L<XML::LibXML>; programs have no need of it.

=head1 FUNCTIONS

=head2 into

    into($dtd);

Gives a DTD its children.

=head2 entity

    my $declaration = entity($reference);

=cut
