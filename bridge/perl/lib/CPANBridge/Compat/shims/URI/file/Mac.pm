package URI::file::Mac;

use 5.014;
use strict;
use warnings;

use URI::Escape ();

use parent 'URI::file::Base';

our $VERSION = '5.17';

sub _segment {
    my ($word) = @_;
    return join '', ('%2E') x length $word if $word =~ /\A\.\.?\z/;
    $word = URI::file::Base::_escaped($word);
    $word =~ s{/}{%2F}g;
    return $word;
}

# Names with a colon in front are relative, those with one inside begin with a volume; each further colon goes up.
sub _from_file {
    my ( $class, $name ) = @_;
    if ( $name !~ /:/ ) { return ( undef, length $name ? '/' . _segment($name) : '', length $name ) }
    my @words = split /:/, $name, -1;
    my $absolute = length $words[0];
    shift @words if !$absolute;
    my @path;
    for my $i ( 0 .. $#words ) {
        if    ( length $words[$i] ) { push @path, _segment( $words[$i] ) }
        elsif ( $i < $#words )      { push @path, '..' }
        elsif ( $i && $path[-1] ne '..' ) { push @path, '' }
    }
    return ( undef, '/' . join( '/', @path ), 1 ) if $absolute;
    return ( undef, @path ? join( '/', @path ) : '.', 0 );
}

sub file {
    my ( $class, $uri ) = @_;
    my $host = URI::file::Base::_host($uri);
    return if defined $host && $host =~ /:/;
    my @segments = split m{/}, $uri->path, -1;
    my $absolute = @segments > 1 && !length $segments[0];
    shift @segments if $absolute;
    my $name = defined $host ? "$host:" : $absolute ? '' : ':';
    return if !defined $host && $absolute && "@segments" eq '';
    for my $i ( 0 .. $#segments ) {
        my $segment = $segments[$i];
        next if $segment eq '.' || !length $segment;
        if ( $segment eq '..' ) { $name .= ':'; next }
        my $word = URI::Escape::uri_unescape($segment);
        return if $word =~ /[:\0]/;
        $name .= $word . ( $i < $#segments ? ':' : '' );
    }
    return $name;
}

sub dir {
    my ( $class, $uri ) = @_;
    my $name = $class->file($uri);
    return defined $name && $name !~ /:\z/ ? "$name:" : $name;
}

1;

__END__

=head1 NAME

URI::file::Mac - names of files on the Mac OS of old

=head1 DESCRIPTION

Part of L<URI>.

=cut
