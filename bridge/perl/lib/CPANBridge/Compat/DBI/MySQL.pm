package CPANBridge::Compat::DBI::MySQL;

use strict;
use warnings;

use Carp ();

use CPANBridge::Bytes;
use CPANBridge::Compat::DBI::MySQLCatalog;
use CPANBridge::Compat::DBI::Remote;

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for __PACKAGE__, map { __PACKAGE__ . "::$_" } qw(dr db st);

# Attributes of connect, without their prefix, and what the daemon calls them.
my %WORD = (
    socket                 => 'unix_socket',
    connect_timeout        => 'connect_timeout',
    init_command           => 'init_command',
    multi_statements       => 'multi_statements',
    client_found_rows      => 'found_rows',
    ssl                    => 'ssl',
    ssl_ca_file            => 'ssl_ca',
    ssl_client_cert        => 'ssl_cert',
    ssl_client_key         => 'ssl_key',
    ssl_verify_server_cert => 'ssl_verify_cert',
);

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
    my %parameter;
    for my $name ( keys %WORD ) {
        my $value = $given{"${prefix}_$name"};
        $parameter{ $WORD{$name} } = "$value" if defined $value && length "$value";
    }
    for my $name (qw(host port user password)) { $parameter{$name} = $given{$name} if defined $given{$name} && length $given{$name} }
    $parameter{user}     = "$user"     if defined $user     && length $user;
    $parameter{password} = "$password" if defined $password && length "$password";
    $parameter{user} = ( getpwuid $> )[0] if !defined $parameter{user};

    # "localhost" is this machine's Unix socket, as for all of the server's clients.
    delete $parameter{host} if ( $parameter{host} || '' ) eq 'localhost' && !defined $parameter{port};
    $parameter{unix_socket} = $ENV{MYSQL_UNIX_PORT} if !defined $parameter{host} && !defined $parameter{unix_socket} && length( $ENV{MYSQL_UNIX_PORT} || '' );
    my $flag = $prefix eq 'mysql' && ( $given{mysql_enable_utf8} || $given{mysql_enable_utf8mb4} );
    my ( $outer, $dbh ) = CPANBridge::Compat::DBI::Remote::connect(
        $drh,
        defined $dsn ? $dsn : '',
        { AutoCommit => 1, _prefix => $prefix, _unicode => $unicode || $flag ? 1 : 0, "${prefix}_server_prepare" => 0, "${prefix}_auto_reconnect" => 0 },
        {
            driver     => 'mysql',
            database   => defined $word->{database} ? $word->{database} : '',
            parameters => \%parameter,
        }
    );
    return if !$outer;
    $dbh->{_host} = $parameter{host};
    return $outer;
}

sub data_sources {
    my ( $drh, $attributes ) = @_;
    my %given  = %{ ref $attributes ? $attributes : {} };
    my $name   = $drh->{Name};
    my $server = join ';', map {"$_=$given{$_}"} grep { defined $given{$_} } qw(host port);
    my ( $user, $password ) = @given{qw(user password)};
    my $dbh = DBI->connect( "dbi:$name:$server", $user, $password, { PrintError => 0, %given } ) or return;
    return map {"DBI:$name:$_"} @{ $dbh->selectcol_arrayref('SHOW DATABASES') || [] };
}

# --- database handles -----------------------------------------------------------------------------------------------

package    # not to be indexed
  CPANBridge::Compat::DBI::MySQL::db;

use strict;
use warnings;

our @ISA = ( 'CPANBridge::Compat::DBI::MySQLCatalog', 'CPANBridge::Compat::DBI::Remote::db' );

sub _gone { my ( $dbh, $what ) = @_; return $dbh->set_err( 2006, "$what failed: the handle is not connected", '08003' ) }

sub prepare {
    my ( $dbh, $sql, $attributes ) = @_;
    return $dbh->_gone('prepare') if !$dbh->{Active};
    $sql = '' if !defined $sql;
    my $answer = $dbh->_call( prepare => { connection => $dbh->{_connection}, sql => $dbh->_characters($sql) } ) or return;
    my ($outer) = DBI::_new_sth(
        $dbh,
        {
            Statement  => $sql,
            _statement => $answer->{statement},
            _names     => $answer->{parameters},
            _params    => [],
            _kind      => $answer->{kind},
        }
    );
    return $outer;
}

# Strings are characters; without Unicode they are bytes of UTF-8, or of Latin-1 where they are none.
sub _characters {
    my ( $dbh, $text ) = @_;
    utf8::decode($text) if !$dbh->{_unicode} && !utf8::is_utf8($text);
    return $text;
}

my %WHOLE = map { ( $_ => 1 ) } 4, 5, -5, -6;
my %REAL  = map { ( $_ => 1 ) } 6, 7, 8;
my %BYTES = map { ( $_ => 1 ) } -2, -3, -4, 30;

sub _encode {
    my ( $dbh, $value, $type ) = @_;
    if ( $type && $BYTES{$type} ) {
        my $bytes = "$value";
        if ( !utf8::downgrade( $bytes, 1 ) ) { utf8::encode($bytes) }
        return CPANBridge::Bytes->new($bytes);
    }
    if ( $type && ( $WHOLE{$type} || $REAL{$type} ) && CPANBridge::Compat::DBI::MySQL::is_number($value) ) {
        return 0 + $value if $REAL{$type} || $value =~ /\A[-+]?[0-9]{1,18}\z/;
    }
    return $dbh->_characters("$value");
}

sub _decode {
    my ( $dbh, $answer ) = @_;
    my $rows = $answer->{rows};
    return if $dbh->{_unicode};
    for my $row (@$rows) { defined && utf8::is_utf8($_) && utf8::encode($_) for @$row }
    return;
}

sub _column_names {
    my ( $dbh, $names ) = @_;
    return $names if $dbh->{_unicode};
    return [ map { my $name = $_; utf8::encode($name) if utf8::is_utf8($name); $name } @$names ];
}

sub _failed { return }

sub _note {
    my ( $dbh, $answer ) = @_;
    my $was = $dbh->{_in_transaction};
    $dbh->{_in_transaction} = $answer->{in_transaction} ? 1 : 0;
    $dbh->{_insert_id}      = $answer->{insert_id}                   if $answer->{insert_id};
    $dbh->{_warnings}       = $answer->{warnings}                    if defined $answer->{warnings};
    if ( $was && !$dbh->{_in_transaction} && $dbh->{BegunWork} && $dbh->{_ends} ) {
        $dbh->{BegunWork} = '';
        $dbh->STORE( AutoCommit => 1 );
    }
    return;
}

sub do {
    my ( $dbh, $sql, $attributes, @values ) = @_;
    return $dbh->_gone('do') if !$dbh->{Active};
    $sql = '' if !defined $sql;
    my @sent = map { defined $_ ? scalar $dbh->_encode($_) : undef } @values;
    $dbh->{Statement} = $sql;
    my $answer = $dbh->_call(
        run => { connection => $dbh->{_connection}, sql => $dbh->_characters($sql), values => \@sent, rows => 1, @values ? () : ( verbatim => \1 ) } )
      or return;
    local $dbh->{_ends} = $sql =~ /\A\s*(?:COMMIT|ROLLBACK)\b/i;
    $dbh->_note($answer);
    $dbh->{_link}->release( database => $answer->{statement} ) if $answer->{statement};
    return $answer->{count} || '0E0';
}

sub ping {
    my ($dbh) = @_;
    return 0 if !$dbh->{Active} || !$dbh->{_link};
    my @errors = @{ $dbh->{_e} };
    my $alive = $dbh->_call( alive => { connection => $dbh->{_connection} } );
    @{ $dbh->{_e} } = @errors;
    return $alive ? 1 : 0;
}

sub commit   { return _end( $_[0], 'commit' ) }
sub rollback { return _end( $_[0], 'rollback' ) }

sub _end {
    my ( $dbh, $what ) = @_;
    return $dbh->_gone($what) if !$dbh->{Active};
    if ( $dbh->FETCH('AutoCommit') ) {
        Carp::carp("$what ineffective with AutoCommit enabled") if $dbh->{Warn};
        return 1;
    }
    $dbh->_call( $what => { connection => $dbh->{_connection} } ) or return;
    $dbh->{_in_transaction} = 0;
    return 1;
}

sub last_insert_id { my ($dbh) = @_; return $dbh->{_insert_id} }

sub STORE {
    my ( $dbh, $name, $value ) = @_;
    if ( $name eq 'AutoCommit' ) {
        $value = $value ? 1 : 0;
        return 1 if !$dbh->{_link} || $value == $dbh->{_autocommit};
        my $answer = $dbh->_call( set => { connection => $dbh->{_connection}, settings => { autocommit => \$value } } ) or return;
        $dbh->{_autocommit} = $value;
        $dbh->_note($answer);
        return 1;
    }
    if ( $name eq 'ReadOnly' && $dbh->{_link} ) {
        $dbh->_call( set => { connection => $dbh->{_connection}, settings => { read_only => $value ? \1 : \0 } } ) or return;
    }
    $dbh->{_unicode} = $value ? 1 : 0 if $name =~ /\Amysql_enable_utf8(?:mb4)?\z/;
    return $dbh->SUPER::STORE( $name, $value );
}

sub FETCH {
    my ( $dbh, $name ) = @_;
    return $dbh->{_autocommit} ? 1 : '' if $name eq 'AutoCommit';
    if ( $name =~ /\A(?:mysql|mariadb)_(\w+)\z/ ) {
        my ( $what, $info ) = ( $1, $dbh->{_info} );
        return $info->{version} if $what eq 'serverinfo';
        return $info->{version} =~ /(?:5\.5\.5-)?(\d+)\.(\d+)\.(\d+)/ ? $1 * 10_000 + $2 * 100 + $3 : 0 if $what eq 'serverversion';
        return $info->{host} if $what eq 'hostinfo';
        return $info->{protocol} if $what eq 'protoinfo';
        return $info->{thread} if $what eq 'thread_id';
        return $dbh->{_insert_id} if $what eq 'insertid';
        return $dbh->{_warnings} || 0 if $what eq 'warning_count';
        return $dbh->{_e}[0] if $what eq 'errno';
        return $dbh->{_e}[1] if $what eq 'error';
        return 'CPANBridge ' . CPANBridge->VERSION if $what eq 'clientinfo';
        return 100_000 if $what eq 'clientversion';
        if ( $what eq 'max_allowed_packet' || $what eq 'stat' || $what eq 'info' ) {
            my $row = $what eq 'max_allowed_packet' ? $dbh->selectrow_arrayref('SELECT @@max_allowed_packet') : undef;
            return $row ? $row->[0] : undef;
        }
    }
    return $dbh->SUPER::FETCH($name);
}

# --- statement handles ----------------------------------------------------------------------------------------------

package    # not to be indexed
  CPANBridge::Compat::DBI::MySQL::st;

use strict;
use warnings;

our @ISA = 'CPANBridge::Compat::DBI::Remote::st';

# Of each type of the server's: its name, and DBI's number; of those that may hold bytes also that of bytes.
my %TYPE = (
    0   => [ decimal    => 3 ],  1   => [ tinyint   => -6 ], 2   => [ smallint   => 5 ],  3   => [ integer   => 4 ],
    4   => [ float      => 7 ],  5   => [ double    => 8 ],  6   => [ null       => 0 ],  7   => [ timestamp => 93 ],
    8   => [ bigint     => -5 ], 9   => [ mediumint => 4 ],  10  => [ date       => 91 ], 11  => [ time      => 92 ],
    12  => [ datetime   => 93 ], 13  => [ year      => 5 ],  14  => [ date       => 91 ], 16  => [ bit       => -2 ],
    245 => [ json       => -1 ], 246 => [ decimal   => 3 ],  247 => [ enum       => 1 ],  248 => [ set       => 1 ],
    249 => [ tinytext   => -1, -4 ], 250 => [ mediumtext => -1, -4 ], 251 => [ longtext => -1, -4 ], 252 => [ text => -1, -4 ],
    253 => [ varchar    => 12, -3 ], 254 => [ char => 1, -2 ], 255 => [ geometry => -4 ],
);
my $BINARY = 63;    # the number of the character set that is none
my %NAME_OF_BYTES = ( tinytext => 'tinyblob', mediumtext => 'mediumblob', longtext => 'longblob', text => 'blob', varchar => 'varbinary', char => 'binary' );

sub _take {
    my ( $sth, $answer ) = @_;
    @$sth{qw(_about _results _own_insert_id)} = ( $answer, $answer->{results}, $answer->{insert_id} );
    local $sth->{Database}{_ends} = ( $sth->{Statement} || '' ) =~ /\A\s*(?:COMMIT|ROLLBACK)\b/i;
    my $result = $sth->SUPER::_take($answer);
    return $result;
}

# The server tells of the columns when the statement is executed.
sub _describe { return }

sub execute {
    my ( $sth, @values ) = @_;
    return $sth->{Database}->_gone('execute') if !$sth->{Database}{Active};
    return $sth->SUPER::execute(@values);
}

sub more_results {
    my ($sth) = @_;
    return if !$sth->{_results};
    my $answer = $sth->_call( next_result => { statement => $sth->{_statement} } );
    return if !ref $answer;
    delete @$sth{qw(NAME NUM_OF_FIELDS _fbav)};
    $sth->_take($answer);
    return 1;
}

sub last_insert_id { my ($sth) = @_; return $sth->{_own_insert_id} }

my %FLAG = ( is_not_null => 1, is_pri_key => 2, is_unique => 4, is_key => 2 | 4 | 8, is_blob => 16, is_auto_increment => 512 );

sub FETCH {
    my ( $sth, $name ) = @_;
    my $about = $sth->{_about} || {};
    my $types = $about->{types};
    if ( $name eq 'TYPE' || $name eq 'NULLABLE' || $name eq 'PRECISION' || $name eq 'SCALE' ) {
        return if !$types;
        return [ map { $TYPE{ $types->[$_] } ? $TYPE{ $types->[$_] }[ $about->{charsets}[$_] == $BINARY && $TYPE{ $types->[$_] }[2] ? 2 : 1 ] : 12 } 0 .. $#$types ] if $name eq 'TYPE';
        return [ map { $_ & 1 ? 0 : 1 } @{ $about->{flags} } ] if $name eq 'NULLABLE';
        return $about->{scales} if $name eq 'SCALE';
        return $about->{lengths};
    }
    if ( $name =~ /\A(?:mysql|mariadb)_(\w+)\z/ ) {
        my $what = $1;
        return $sth->{_own_insert_id} if $what eq 'insertid';
        return $about->{warnings} || 0 if $what eq 'warning_count';
        return if !$types && $what =~ /\A(?:is_|type|length|max_length|table)/;
        return [ map { $_ & $FLAG{$what} ? 1 : '' } @{ $about->{flags} } ] if $FLAG{$what};
        return [ map { ( $_ >= 0 && $_ <= 5 || $_ == 8 || $_ == 9 || $_ == 13 || $_ == 246 ) ? 1 : '' } @$types ] if $what eq 'is_num';
        return $types if $what eq 'type';
        return [ map { _type_name( $types->[$_], $about->{charsets}[$_] ) } 0 .. $#$types ] if $what eq 'type_name';
        return $about->{lengths} if $what eq 'length' || $what eq 'max_length';
        return $about->{tables} if $what eq 'table';
    }
    return $sth->SUPER::FETCH($name);
}

sub _type_name {
    my ( $type, $charset ) = @_;
    my $name = $TYPE{$type} ? $TYPE{$type}[0] : 'varchar';
    return $charset == $BINARY && $NAME_OF_BYTES{$name} || $name;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::MySQL - handles of MariaDB and MySQL databases

=head1 DESCRIPTION

Used by the replacements of L<DBD::MariaDB> and L<DBD::mysql>, which differ in the prefix of their attributes and in what
strings are; programs have no need of it.

=head1 METHODS

=head2 connect

=head2 data_sources

=head2 prepare

=head2 do

=head2 ping

=head2 commit

=head2 rollback

=head2 execute

=head2 more_results

=head2 last_insert_id

=head2 STORE

=head2 FETCH

Are described in L<DBI>.

=head1 FUNCTIONS

=head2 parse_dsn

Returns the words of a data source.

=head2 is_number

Whether a text is a number as the server writes it.

=cut
