package XML::Parser::Style::Subs;

use strict;
use warnings;

our $VERSION = '2.46';

# Only subs that the package itself has: names come from the document.
sub _call {
    my ( $expat, $name, @args ) = @_;
    no strict 'refs';
    my $sub = "$expat->{Pkg}::$name";
    return defined &$sub ? &$sub( $expat, @args ) : undef;
}

sub Start { my ( $expat, $name, @attributes ) = @_; _call( $expat, $name, $name, @attributes ); return }

sub End { my ( $expat, $name ) = @_; _call( $expat, $name . '_', $name ); return }

1;

__END__

=head1 NAME

XML::Parser::Style::Subs - calls subs that are named like elements

=head1 DESCRIPTION

Part of L<XML::Parser>.

=cut
