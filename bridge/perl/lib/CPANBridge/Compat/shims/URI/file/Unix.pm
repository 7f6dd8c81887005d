package URI::file::Unix;

use 5.014;
use strict;
use warnings;

use URI::Escape ();

use parent 'URI::file::Base';

our $VERSION = '5.17';

sub _from_file {
    my ( $class, $name ) = @_;
    for ($name) { s{//+}{/}g; s{(?:/\.)+/}{/}g }
    my $path     = URI::file::Base::_escaped($name);
    my $absolute = $path =~ m{\A/};
    $path = "./$path" if $path =~ m{\A[^/]*:};
    return ( $absolute ? $URI::file::DEFAULT_AUTHORITY : undef, $path, $absolute );
}

sub file {
    my ( $class, $uri ) = @_;
    my @words;
    for my $segment ( split m{/}, $uri->path, -1 ) {
        my $word = URI::Escape::uri_unescape($segment);
        return if $word =~ m{[\0/]};
        push @words, $word;
    }
    my $path = join '/', @words;
    my $host = URI::file::Base::_host($uri);
    if ( defined $host ) { $path = "//$host" . ( length $path && $path !~ m{\A/} ? '/' : '' ) . $path }
    return $path;
}

1;

__END__

=head1 NAME

URI::file::Unix - names of files on Unix

=head1 DESCRIPTION

Part of L<URI>.

=cut
