package URI::file;

use 5.014;
use strict;
use warnings;

use URI::Escape ();

use parent 'URI::_generic';

our $VERSION = '5.17';

our $DEFAULT_AUTHORITY = '';
our %OS_CLASS          = (
    os2     => 'OS2',
    mac     => 'Mac',
    MacOS   => 'Mac',
    MSWin32 => 'Win32',
    win32   => 'Win32',
    msdos   => 'FAT',
    dos     => 'FAT',
    qnx     => 'QNX',
);

sub os_class {
    my ($os) = @_;
    my $class = 'URI::file::' . ( $OS_CLASS{ defined $os && length $os ? $os : $^O } || 'Unix' );
    ( my $file = "$class.pm" ) =~ s{::}{/}g;
    require $file if !$class->can('file');
    return $class;
}

sub new {
    my ( $class, $path, $os ) = @_;
    return os_class($os)->new( defined $path ? $path : '' );
}

sub new_abs {
    my ( $class, @path ) = @_;
    my $file = $class->new(@path);
    return $file if $$file =~ /\Afile:/;
    return $file->abs( $class->cwd );
}

sub cwd {
    my ($class) = @_;
    require Cwd;
    my $folder = Cwd::getcwd();
    ($folder) = $folder =~ /\A(.*)\z/s;    # under taint checks, too
    my $uri = $class->new($folder);
    $$uri .= '/' if $$uri !~ m{/\z};
    return $uri;
}

sub canonical {
    my ($self)    = @_;
    my $other     = $self->SUPER::canonical;
    my $scheme    = $other->scheme;
    my $authority = $other->authority;
    return $other if !defined $scheme && !defined $authority;
    if ( !defined $authority || lc $authority eq 'localhost' || !length $authority ) {
        if ( defined $DEFAULT_AUTHORITY && ( !defined $authority || $authority ne $DEFAULT_AUTHORITY ) ) {
            $other = $other->clone if $other == $self;
            $other->authority($DEFAULT_AUTHORITY);
        }
    }
    return $other;
}

sub host {
    my ( $self, @new ) = @_;
    my $old = $self->authority(@new);
    return defined $old ? URI::Escape::uri_unescape($old) : undef;
}

sub file { my ( $self, $os ) = @_; return os_class($os)->file($self) }
sub dir  { my ( $self, $os ) = @_; return os_class($os)->dir($self) }

1;

__END__

=head1 NAME

URI::file - addresses of files

=head1 SYNOPSIS

    use URI::file;

    my $uri = URI::file->new_abs('report.txt');
    print $uri, ' ', $uri->file, "\n";

=head1 COVERED

All of it: C<new>, C<new_abs>, C<cwd>, C<file>, C<dir>, C<%OS_CLASS>, C<$DEFAULT_AUTHORITY>, for Unix, Windows, DOS, OS/2, QNX and the old
Mac OS. A class of one's own in C<%OS_CLASS> has the methods C<new> (with a file name), C<file> and C<dir> (with an object). Part of
L<URI>.

=cut
