package URI::file::OS2;

use 5.014;
use strict;
use warnings;

use parent 'URI::file::Win32';

our $VERSION = '5.17';

# A slash is as good as a backslash.
sub file {
    my ( $class, $uri ) = @_;
    my $file = $class->SUPER::file($uri);
    $file =~ s{\\}{/}g if defined $file;
    return $file;
}

1;

__END__

=head1 NAME

URI::file::OS2 - names of files on OS/2

=head1 DESCRIPTION

Part of L<URI>.

=cut
