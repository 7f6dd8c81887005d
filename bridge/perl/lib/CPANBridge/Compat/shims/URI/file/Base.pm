package URI::file::Base;

use 5.014;
use strict;
use warnings;

use URI::Escape ();
use URI::file ();

our $VERSION = '5.17';

# A file name as an object. What a system makes of it is said by _from_file: authority (or undef) and escaped path.
sub new {
    my ( $class, $name ) = @_;
    my ( $authority, $path, $absolute ) = $class->_from_file($name);
    my $text = $absolute || defined $authority ? 'file:' : '';
    $text .= "//$authority" if defined $authority;
    $text .= '/' if defined $authority && length $path && $path !~ m{\A/};
    return URI->new( "$text$path", 'file' );
}

sub _escaped {
    my ($name) = @_;
    utf8::encode($name) if utf8::is_utf8($name);
    $name =~ s/([%;?#\[\]])/URI::Escape::escape_char($1)/ge;
    return $name;
}

# The host that a name is on, unless it is this one.
sub _host {
    my ($uri) = @_;
    my $authority = $uri->authority;
    return undef if !defined $authority || !length $authority || lc $authority eq 'localhost';    ## no critic (ProhibitExplicitReturnUndef)
    return URI::Escape::uri_unescape($authority);
}

sub dir { my ( $class, $uri ) = @_; return $class->file($uri) }

1;

__END__

=head1 NAME

URI::file::Base - what the names of files have in common

=head1 DESCRIPTION

Part of L<URI>.

=cut
