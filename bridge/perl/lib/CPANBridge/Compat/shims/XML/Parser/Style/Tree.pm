package XML::Parser::Style::Tree;

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
    my $list = [ {@attributes} ];
    push @{ $expat->{Lists} },   $expat->{Curlist};
    push @{ $expat->{Curlist} }, $name, $list;
    $expat->{Curlist} = $list;
    return;
}

sub End { my ($expat) = @_; $expat->{Curlist} = pop @{ $expat->{Lists} }; return }

sub Char {
    my ( $expat, $text ) = @_;
    my $list = $expat->{Curlist};
    if   ( @$list > 1 && $list->[-2] eq '0' ) { $list->[-1] .= $text }
    else                                      { push @$list, 0, $text }
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

XML::Parser::Style::Tree - gives a document as nested arrays

=head1 DESCRIPTION

Part of L<XML::Parser>.

=cut
