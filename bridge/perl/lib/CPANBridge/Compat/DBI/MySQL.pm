package CPANBridge::Compat::DBI::MySQL;

use strict;
use warnings;

use Config ();

use CPANBridge::Compat::DBI::MySQLDatabase;
use CPANBridge::Compat::DBI::MySQLStatement;
use CPANBridge::Compat::DBI::Remote;

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for __PACKAGE__, __PACKAGE__ . '::dr';

# Attributes of connect, without their prefix, and what the daemon calls them.
my %WORD = (
    socket             => 'unix_socket',
    connect_timeout    => 'connect_timeout',
    read_timeout       => 'read_timeout',
    write_timeout      => 'write_timeout',
    init_command       => 'init_command',
    multi_statements   => 'multi_statements',
    client_found_rows  => 'found_rows',
    local_infile       => 'local_infile',
    max_allowed_packet => 'max_allowed_packet',
);

# Those that count where TLS is asked for.
my %TLS_WORD = (
    ssl                    => 'ssl',
    ssl_optional           => 'ssl_optional',
    ssl_ca_file            => 'ssl_ca',
    ssl_client_cert        => 'ssl_cert',
    ssl_client_key         => 'ssl_key',
    ssl_verify_server_cert => 'ssl_verify_cert',
);

# Those that would make a connection less safe if they were passed over.
my @REFUSED = qw(ssl_ca_path ssl_cipher);

# Attributes of connect that are known and change nothing here.
my @IDLE = qw(compression conn_attrs skip_secure_auth no_autocommit_cmd embedded_options embedded_groups read_default_file read_default_group);

# Of database handles, to be set at any time; true or false.
my @SETTING = qw(server_prepare server_prepare_disable_fallback auto_reconnect use_result bind_type_guessing bind_comment_placeholders);
my @OF_OLD  = qw(enable_utf8 enable_utf8mb4);

my %CAN_BE_SET = ( ( map { ( $_ => 0 ) } keys %WORD, keys %TLS_WORD, @REFUSED, @IDLE ), map { ( $_ => 1 ) } @SETTING, @OF_OLD );

# 1 for an attribute that is true or false and counts at any time, 0 for one that counts when the handle connects.
sub can_be_set { my ($name) = @_; return $CAN_BE_SET{$name} }

# "database=x;host=y", "x", "x:y" or "x:y:port".
sub parse_dsn {
    my ( undef, $dsn ) = @_;
    my ( %word, @plain );
    for my $part ( split /;/, defined $dsn ? $dsn : '' ) {
        if   ( $part =~ /\A\s*(\w+)\s*=\s*(.*?)\s*\z/s ) { $word{ lc $1 } = $2 }
        else                                             { push @plain, split /:/, $part }
    }
    $word{database} = delete $word{$_} for grep { exists $word{$_} } qw(db dbname);
    $word{host} = delete $word{hostname} if exists $word{hostname};
    for my $name (qw(database host port)) { $word{$name} = shift @plain if @plain && !defined $word{$name} }
    return \%word;
}

sub is_number { return $_[0] =~ /\A[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?\z/ }

# Whether an attribute of connect, a setting or a word about TLS is given and says yes.
sub _is_on { my ($value) = @_; return defined $value && length $value && $value ne '0' }

# --- the driver -----------------------------------------------------------------------------------------------------

package    # not to be indexed
  CPANBridge::Compat::DBI::MySQL::dr;

use strict;
use warnings;

# Class methods: the prefix of attributes, and whether strings are characters from the start.
sub connect {
    my ( $drh, $dsn, $user, $password, $attributes ) = @_;
    my ( $prefix, $unicode ) = ( ref $drh )->_kind;
    my $word  = CPANBridge::Compat::DBI::MySQL->parse_dsn($dsn);
    my %given = ( %$word, %{ $attributes || {} } );
    my %own;
    for my $name ( keys %given ) { $own{$1} = $given{$name} if $name =~ /\A${prefix}_(\w+)\z/ }
    if ( ( $given{host} || '' ) eq 'embedded' || defined $own{embedded_options} ) {
        return $drh->set_err( 2000, 'Connection error: Embedded server is not supported', 'HY000' );
    }
    for my $name ( grep { defined $own{$_} && length $own{$_} } @REFUSED ) {
        return $drh->set_err( 2000, "CPANBridge: ${prefix}_$name is not supported", 'HY000' ) if CPANBridge::Compat::DBI::MySQL::_is_on( $own{ssl} );
    }
    return if !$drh->_add_options( \%given, \%own );
    my $parameter = $drh->_parameters( \%given, \%own, $prefix );
    ( $user, $password ) = map { defined $given{ $_->[0] } ? $given{ $_->[0] } : $_->[1] } [ Username => $user ], [ Password => $password ];
    $parameter->{user}     = "$user"     if defined $user     && length $user;
    $parameter->{password} = "$password" if defined $password && length "$password";
    $parameter->{user} = ( getpwuid $> )[0] if !defined $parameter->{user};
    if ( $prefix eq 'mysql' ) {
        $unicode = $given{mysql_enable_utf8} || $given{mysql_enable_utf8mb4} ? 1 : 0;
        $parameter->{verbatim} = 1;
    }
    my $database  = defined $given{database} ? $given{database} : '';
    my %arguments = ( driver => 'mysql', database => $database, parameters => $parameter );
    my %handle    = (
        AutoCommit => 1,
        _prefix    => $prefix,
        _unicode   => $unicode,
        _connect   => \%arguments,
        _stats     => { auto_reconnects_ok => 0, auto_reconnects_failed => 0 },
        ( map { ( "${prefix}_$_" => $prefix eq 'mysql' ? 0 : '' ) } @SETTING, $prefix eq 'mysql' ? @OF_OLD : () ),
    );
    my $name = defined $dsn ? $dsn : '';
    my ( $outer, $dbh ) = CPANBridge::Compat::DBI::Remote::connect( $drh, $name, \%handle, \%arguments );
    return if !$outer;
    for my $setting ( grep { exists $word->{"${prefix}_$_"} } @SETTING, @OF_OLD ) { $dbh->STORE( "${prefix}_$setting" => $word->{"${prefix}_$setting"} ) }
    return $outer;
}

# What option files say, where they are asked for, and nothing else says otherwise.
sub _add_options {
    my ( $drh, $given, $own ) = @_;
    my ( $file, $group ) = @$own{qw(read_default_file read_default_group)};
    return 1 if !grep { defined && length } $file, $group;
    require CPANBridge::Compat::DBI::MySQLOptions;
    my $options = eval { CPANBridge::Compat::DBI::MySQLOptions::of( $file, $group ) };
    if ( !$options ) { $drh->set_err( 2000, "CPANBridge: $@", 'HY000' ); return }
    for my $name (qw(user password host port database)) { $given->{$name} = $options->{$name} if !defined $given->{$name} && defined $options->{$name} }
    for my $name ( keys %WORD, keys %TLS_WORD ) { $own->{$name} = $options->{$name} if !defined $own->{$name} && defined $options->{$name} }
    return 1;
}

# What the daemon is told to connect with.
sub _parameters {
    my ( $drh, $given, $own, $prefix ) = @_;
    my %parameter;
    my @words = %WORD;
    @words = ( @words, %TLS_WORD ) if CPANBridge::Compat::DBI::MySQL::_is_on( $own->{ssl} );
    my %word = @words;
    for my $name ( keys %word ) {
        my $value = $own->{$name};
        $parameter{ $word{$name} } = "$value" if defined $value && length "$value";
    }
    $parameter{found_rows} = 1 if !defined $parameter{found_rows};    # that is how the original counts
    $parameter{collation}  = 'utf8mb4_unicode_ci' if $prefix eq 'mariadb';
    for my $name (qw(host port user password)) { $parameter{$name} = "$given->{$name}" if defined $given->{$name} && length $given->{$name} }

    # "localhost" is this machine's Unix socket, as for all of the server's clients.
    delete $parameter{host} if ( $parameter{host} || '' ) eq 'localhost' && !defined $parameter{port};
    $parameter{unix_socket} = $ENV{MYSQL_UNIX_PORT} if !defined $parameter{host} && !defined $parameter{unix_socket} && length( $ENV{MYSQL_UNIX_PORT} || '' );

    # What the server shows of its clients is the program, not the daemon.
    my %about = ( _pid => $$, _os => $^O, _platform => ( split /-/, $Config::Config{archname} )[0], %{ $own->{conn_attrs} || {} } );
    $parameter{"attribute.$_"} = "$about{$_}" for grep { defined $about{$_} } keys %about;
    return \%parameter;
}

sub data_sources {
    my ( $drh, $attributes ) = @_;
    my %given  = %{ ref $attributes ? $attributes : {} };
    my $name   = $drh->{Name};
    my $server = join ';', map {"$_=$given{$_}"} grep { defined $given{$_} } qw(host port);
    my ( $user, $password ) = @given{qw(user password)};
    my $dbh = DBI->connect( "dbi:$name:$server", $user, $password, { PrintError => 0, %given } ) or return;
    return $dbh->data_sources;
}

sub disconnect_all {
    my ($drh) = @_;
    $_->disconnect for grep { $_ && $_->FETCH('Active') } @{ $drh->{ChildHandles} || [] };
    return 1;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::MySQL - driver handles of MariaDB and MySQL

=head1 DESCRIPTION

Used by the replacements of L<DBD::MariaDB> and L<DBD::mysql>, which differ in the prefix of their attributes and in what
strings are; programs have no need of it. Database handles are in L<CPANBridge::Compat::DBI::MySQLDatabase>, statement handles in
L<CPANBridge::Compat::DBI::MySQLStatement>.

=head1 METHODS

=head2 connect

=head2 data_sources

=head2 disconnect_all

Are described in L<DBI>.

=head1 FUNCTIONS

=head2 parse_dsn

Returns the words of a data source.

=head2 is_number

Whether a text is a number as the server writes it.

=head2 can_be_set

Whether there is such an attribute of database handles, and whether it counts at any time.

=cut
