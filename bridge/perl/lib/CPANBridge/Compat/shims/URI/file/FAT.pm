package URI::file::FAT;

use 5.014;
use strict;
use warnings;

use parent 'URI::file::Win32';

our $VERSION = '5.17';

# Eight letters, a dot, three letters.
sub _word {
    my ( $class, $word ) = @_;
    my ( $name, $type, @more ) = split /\./, uc $word, -1;
    return uc $word if !defined $name || !length $name || length $word == 2 && $word =~ /:\z/;
    return if @more;
    $name = substr $name, 0, 8;
    return defined $type ? "$name." . substr $type, 0, 3 : $name;
}

1;

__END__

=head1 NAME

URI::file::FAT - names of files on DOS

=head1 DESCRIPTION

Part of L<URI>.

=cut
