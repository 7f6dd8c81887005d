package CPANBridge::Compat::DBI::MySQLOptions;

use strict;
use warnings;

our $VERSION = '0.1.0';

# Where options are if no file is named.
my @PLACES = ( '/etc/my.cnf', '/etc/mysql/my.cnf', '~/.my.cnf' );

# Groups that are everybody's; later lines win, and a group that was asked for is read like them.
my @GROUPS = qw(client client-server client-mariadb);

# What the files call what the drivers' attributes call otherwise.
my %NAME = (
    ssl_ca   => 'ssl_ca_file',
    ssl_cert => 'ssl_client_cert',
    ssl_key  => 'ssl_client_key',
);

my %WANTED = map { ( $_ => 1 ) } qw(user password host port socket database connect_timeout init_command max_allowed_packet local_infile ssl
  ssl_ca ssl_cert ssl_key ssl_verify_server_cert);

my %ESCAPED = ( n => "\n", t => "\t", r => "\r", b => "\b", s => ' ', '\\' => '\\', q{'} => q{'}, '"' => '"' );

# Files may include files; not without end.
my $DEEPEST = 10;

sub of {
    my ( $file, $group ) = @_;
    my %options;
    my %groups = map { ( $_ => 1 ) } @GROUPS, grep { defined && length } $group;
    if ( defined $file && length $file ) { _read( $file, \%groups, \%options, 0 ) }
    else {
        for my $place (@PLACES) {
            ( my $path = $place ) =~ s{\A~}{defined $ENV{HOME} ? $ENV{HOME} : ''}e;
            _read( $path, \%groups, \%options, 0 ) if -r $path;
        }
    }
    $options{ssl} = 1 if !defined $options{ssl} && grep { defined $options{$_} } values %NAME;
    return \%options;
}

sub _read {
    my ( $file, $groups, $options, $depth ) = @_;
    die "$file: files that include files go deeper than $DEEPEST\n" if $depth > $DEEPEST;
    open my $in, '<', $file or die "cannot read the option file $file: $!\n";
    my $counts;
    while ( my $line = <$in> ) {
        if ( $line =~ /\A\s*!include(dir)?\s+(.+?)\s*\z/ ) {
            _read( $_, $groups, $options, $depth + 1 ) for $1 ? sort glob "\Q$2\E/*.cnf" : $2;
        }
        elsif ( $line =~ /\A\s*\[\s*(.*?)\s*\]/ ) { $counts = $groups->{$1} }
        elsif ( $counts && $line =~ /\A\s*([\w-]+)\s*(?:=\s*(.*?))?\s*\z/s ) {
            my ( $name, $value ) = ( $1, $2 );
            $name =~ tr/-/_/;
            $name =~ s/\Aloose_//;
            next if !$WANTED{$name};
            $options->{ $NAME{$name} || $name } = defined $value ? _plain($value) : 1;
        }
    }
    close $in;
    return;
}

sub _plain {
    my ($value) = @_;
    if    ( $value =~ /\A(["'])(.*?)(?<!\\)\1/s ) { $value = $2 }
    else                                         { $value =~ s/\s+#.*\z// }
    $value =~ s/\\([ntrbs\\'"])/$ESCAPED{$1}/g;
    return $value;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::MySQLOptions - what option files say of how to connect to MariaDB and MySQL

=head1 DESCRIPTION

Used by the replacements of L<DBD::MariaDB> and L<DBD::mysql> where C<mariadb_read_default_file> or C<mariadb_read_default_group> asks for it;
programs have no need of it. The files are read by the program, with its rights, not by the daemon.

=head1 FUNCTIONS

=head2 of

    my $options = CPANBridge::Compat::DBI::MySQLOptions::of( $file, $group );

Returns what the groups C<client>, C<client-server>, C<client-mariadb> and the one that is named say, by the names that the
drivers' attributes have. Without a file these are read that exist: F</etc/my.cnf>, F</etc/mysql/my.cnf>, F<~/.my.cnf>. Dies where a
file cannot be read.

=cut
