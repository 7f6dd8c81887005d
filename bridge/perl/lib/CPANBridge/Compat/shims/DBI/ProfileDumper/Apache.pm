package DBI::ProfileDumper::Apache;

use strict;
use warnings;

use File::Spec ();

use DBI::ProfileDumper ();

our @ISA     = 'DBI::ProfileDumper';
our $VERSION = '2.014121';

# Each of the server's processes writes a file of its own.
sub filename {
    my ( $self, @name ) = @_;
    my $name = $self->SUPER::filename(@name);
    return $name if @name || !defined $name;
    return File::Spec->rel2abs( $name . '.' . getppid() . ".$$", $self->_directory );
}

sub _directory {
    my ($self) = @_;
    for my $directory ( $self->{Dir}, $ENV{DBI_PROFILE_APACHE_LOG_DIR} ) {
        return $directory if defined $directory && length $directory;
    }
    for my $server ( [ 'Apache2::ServerUtil', sub { Apache2::ServerUtil::server_root() } ], [ 'Apache', sub { Apache->server_root_relative('') } ] ) {
        my ( $class, $root ) = @$server;
        ( my $file = "$class.pm" ) =~ s{::}{/}g;
        return File::Spec->catdir( $root->(), 'logs' ) if $INC{$file};
    }
    die "there is no Apache in this process; set DBI_PROFILE_APACHE_LOG_DIR or the profile's Dir\n";
}

sub flush_to_disk {
    my ($self) = @_;
    my $name = $self->SUPER::flush_to_disk;
    print STDERR ref $self, " has written $name\n" if defined $name && !$self->{Quiet};
    return $name;
}

1;

__END__

=encoding utf8

=head1 NAME

DBI::ProfileDumper::Apache - profiles of DBI from a web server's processes, served by CPANBridge

=head1 SYNOPSIS

    PerlSetEnv DBI_PROFILE                2/DBI::ProfileDumper::Apache
    PerlSetEnv DBI_PROFILE_APACHE_LOG_DIR /var/log/apache2

=head1 DESCRIPTION

A L<DBI::ProfileDumper> that writes a file for each process, with the pids of the parent and of the process itself after its name, into
the directory that the attribute C<Dir> or the environment's C<DBI_PROFILE_APACHE_LOG_DIR> names, or else the server's F<logs>. It says so
on the standard error unless C<Quiet> is set. Any server with processes can use it.

=head1 COVERED

The attributes C<Dir> and C<Quiet> and those of L<DBI::ProfileDumper>.

=head1 KNOWN DIFFERENCES

With mod_perl 2 the directory of logs is looked for below the server's root, not asked of the request.

=head1 METHODS

=head2 filename

=head2 flush_to_disk

=head1 SEE ALSO

L<DBI::ProfileDumper>

=cut
