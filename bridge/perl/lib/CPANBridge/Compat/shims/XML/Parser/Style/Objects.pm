package XML::Parser::Style::Objects;

use strict;
use warnings;

our $VERSION = '2.46';

sub Init {
    my ($expat) = @_;
    $expat->{Lists} = [];
    $expat->{Curlist} = $expat->{Tree} = [];
    return;
}

sub Start {
    my ( $expat, $name, @attributes ) = @_;
    my $object = bless { @attributes, Kids => [] }, "$expat->{Pkg}::$name";
    push @{ $expat->{Lists} },   $expat->{Curlist};
    push @{ $expat->{Curlist} }, $object;
    $expat->{Curlist} = $object->{Kids};
    return;
}

sub End { my ($expat) = @_; $expat->{Curlist} = pop @{ $expat->{Lists} }; return }

sub Char {
    my ( $expat, $text ) = @_;
    my $class = "$expat->{Pkg}::Characters";
    my $list  = $expat->{Curlist};
    if   ( @$list && ref $list->[-1] eq $class ) { $list->[-1]{Text} .= $text }
    else                                         { push @$list, bless { Text => $text }, $class }
    return;
}

sub Final {
    my ($expat) = @_;
    delete @$expat{qw(Curlist Lists)};
    return $expat->{Tree};
}

1;

__END__

=head1 NAME

XML::Parser::Style::Objects - gives a document as objects

=head1 DESCRIPTION

Part of L<XML::Parser>.

=cut
