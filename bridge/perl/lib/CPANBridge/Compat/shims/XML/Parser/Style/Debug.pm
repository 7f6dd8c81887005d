package XML::Parser::Style::Debug;

use strict;
use warnings;

our $VERSION = '2.46';

sub Start {
    my ( $expat, $name, @attributes ) = @_;
    print STDERR "@{ $expat->{Context} } \\\\ (@attributes)\n";
    return;
}

sub End { my ( $expat, $name ) = @_; print STDERR "@{ $expat->{Context} } //\n"; return }

sub Char {
    my ( $expat, $text ) = @_;
    $text =~ s/([\x80-\xff])/sprintf '#x%X;', ord $1/eg;
    $text =~ s/([\t\n])/sprintf '#%d;', ord $1/eg;
    print STDERR "@{ $expat->{Context} } || $text\n";
    return;
}

sub Proc { my ( $expat, $target, $text ) = @_; print STDERR "@{ $expat->{Context} } $target($text)\n"; return }

1;

__END__

=head1 NAME

XML::Parser::Style::Debug - prints an outline of a document to STDERR

=head1 DESCRIPTION

Part of L<XML::Parser>.

=cut
