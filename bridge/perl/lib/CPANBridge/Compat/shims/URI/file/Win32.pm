package URI::file::Win32;

use 5.014;
use strict;
use warnings;

use URI::Escape ();

use parent 'URI::file::Base';

our $VERSION = '5.17';

sub _from_file {
    my ( $class, $name ) = @_;
    $name =~ s{\\}{/}g;
    $name =~ s{(?:/\.)+/}{/}g;
    if ( !defined $URI::file::DEFAULT_AUTHORITY && $name =~ s{\A//([^/]+)}{} ) { return ( $1, length $name ? URI::file::Base::_escaped($name) : '/', 1 ) }
    if ( $name =~ s{\A([A-Za-z]:)}{} ) {
        my $drive = uc $1;
        if ( !defined $URI::file::DEFAULT_AUTHORITY ) {
            return $name =~ m{\A/} ? ( $drive, URI::file::Base::_escaped($name), 1 ) : ( $drive . 'relative', '/' . URI::file::Base::_escaped($name), 1 );
        }
        return ( $URI::file::DEFAULT_AUTHORITY, "/$drive" . URI::file::Base::_escaped($name), 1 );
    }
    my $absolute = $name =~ m{\A/};
    my $path     = URI::file::Base::_escaped($name);
    return ( $absolute ? $URI::file::DEFAULT_AUTHORITY : undef, $path, $absolute );
}

sub file {
    my ( $class, $uri ) = @_;
    my $host = URI::file::Base::_host($uri);
    my ( $relative, $start ) = ( 0, '' );
    if ( defined $host ) {
        if ( $host =~ /\A([A-Za-z])[:|](relative)?\z/i ) {
            $start    = uc($1) . ':';
            $relative = defined $2;
        }
        else { $start = "\\\\$host" }
    }
    my @words;
    for my $segment ( split m{/}, $uri->path, -1 ) {
        my $word = URI::Escape::uri_unescape($segment);
        return if $word =~ m{[\0/\\]};
        $word = $class->_word($word);
        return if !defined $word;
        push @words, $word;
    }
    if ( !defined $host && @words > 1 && !length $words[0] && $words[1] =~ /\A[A-Za-z][:|]/ ) {
        shift @words;
        $words[0] =~ s/\A([A-Za-z])[:|]/\U$1:/;
    }
    shift @words if $relative && @words && !length $words[0];
    my $path = join '\\', @words;
    $path = '\\' if !length $path && @words > 1;
    return $start . $path;
}

sub _word { my ( $class, $word ) = @_; return $word }

1;

__END__

=head1 NAME

URI::file::Win32 - names of files on Windows

=head1 DESCRIPTION

Part of L<URI>.

=cut
