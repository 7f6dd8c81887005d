package CPANBridge::Compat::DBI::MySQLDatabase;

use strict;
use warnings;

use Carp ();

use CPANBridge::Bytes;
use CPANBridge::Compat::DBI::MySQLAsync;
use CPANBridge::Compat::DBI::MySQLCatalog;
use CPANBridge::Compat::DBI::Remote;

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for __PACKAGE__, 'CPANBridge::Compat::DBI::MySQL::db';

package    # not to be indexed
  CPANBridge::Compat::DBI::MySQL::db;

use strict;
use warnings;

our @ISA = ( 'CPANBridge::Compat::DBI::MySQLAsync', 'CPANBridge::Compat::DBI::MySQLCatalog', 'CPANBridge::Compat::DBI::Remote::db' );

# The server's numbers of "this statement cannot be prepared" and the client library's of a connection that has ended.
my ( $UNPREPARABLE, $GONE ) = ( 1295, 2006 );

sub _call { goto &CPANBridge::Compat::DBI::MySQLAsync::call }

sub _gone { my ($h) = @_; return $h->set_err( $GONE, 'MySQL server has gone away', 'HY000' ) }

# The handle is open, or can be opened again; else there is an error.
sub _is_open {
    my ($dbh) = @_;
    return 1 if $dbh->{Active};
    return 1 if $dbh->_reconnect;
    $dbh->_gone if !$dbh->{_e}[0];
    return;
}

# Connects again where that is wanted, and no transaction would be torn.
sub _reconnect {
    my ($dbh) = @_;
    return if !$dbh->{"$dbh->{_prefix}_auto_reconnect"} || !$dbh->{_autocommit} || $dbh->{_running} || $dbh->{_pid} != $$;
    if ( $dbh->{_link} && CPANBridge::Compat::DBI::Remote::db::_is_mine($dbh) ) { eval { $dbh->{_link}->release( database => $dbh->{_connection} ) } }
    @{ $dbh->{_e} } = ();
    my ( $link, $answer ) = CPANBridge::Compat::DBI::Remote::open_connection( $dbh, $dbh->{_connect} );
    if ( !$link ) { $dbh->{_stats}{auto_reconnects_failed}++; return }
    CPANBridge::Compat::DBI::Remote::attach( $dbh, $link, $answer );
    $dbh->_set_comments( $dbh->{"$dbh->{_prefix}_bind_comment_placeholders"} );
    $dbh->STORE( ReadOnly => 1 ) if $dbh->{ReadOnly};
    $dbh->{_stats}{auto_reconnects_ok}++;
    return 1;
}

# Does something once more if the connection had ended before it could begin.
sub _persistently {
    my ( $dbh, $code ) = @_;
    my $answer = $code->();
    return $answer if $answer || ( $dbh->{_e}[0] || 0 ) ne $GONE || !$dbh->_reconnect;
    return $code->();
}

# Attributes of a statement that nobody knows are errors, of DBD::MariaDB.
my %OF_STATEMENTS = map { ( $_ => 1 ) } qw(async server_prepare server_prepare_disable_fallback use_result bind_type_guessing bind_comment_placeholders);

sub _knows {
    my ( $dbh, $attributes ) = @_;
    return 1 if $dbh->{_prefix} ne 'mariadb' || !$attributes;
    for my $name ( grep { !/\A(?:[A-Z_]|private_|dbi_|dbd_)/ } sort keys %$attributes ) {
        next if $name =~ /\Amariadb_(\w+)\z/ && $OF_STATEMENTS{$1};
        $dbh->_unknown($name);
        return;
    }
    return 1;
}

sub _unknown { my ( $dbh, @what ) = @_; return _unknown_of( $dbh, $dbh, @what ) }

sub _unknown_of {
    my ( undef, $h, $name, $method ) = @_;
    @{ $h->{_e} } = ();
    return $h->set_err( 2000, "Unknown attribute $name", 'HY000', $method );
}

# What a statement's attributes say, or else the handle's.
sub _option {
    my ( $dbh, $attributes, $name ) = @_;
    my $key = "$dbh->{_prefix}_$name";
    return $attributes && exists $attributes->{$key} ? $attributes->{$key} : $dbh->{$key};
}

sub prepare {
    my ( $dbh, $sql, $attributes ) = @_;
    return $dbh->_refuse if $dbh->{_running};
    $dbh->_knows($attributes) or return;
    $dbh->_is_open or return;
    $sql = '' if !defined $sql;
    my $async = CPANBridge::Compat::DBI::MySQLAsync::is_async( $dbh, $attributes );
    my %how   = (
        on_server => !$async && $dbh->_option( $attributes, 'server_prepare' ) ? 1 : 0,
        fallback  => $dbh->_option( $attributes, 'server_prepare_disable_fallback' ) ? 0 : 1,
    );
    my $comments = $dbh->_option( $attributes, 'bind_comment_placeholders' );
    my $other    = !$comments != !$dbh->_option( undef, 'bind_comment_placeholders' );
    $dbh->_set_comments($comments) if $other;
    my $about = $dbh->_prepared( $sql, \%how );
    $dbh->_set_comments( !$comments ) if $other;
    return if !$about;
    my ( $outer, $sth ) = DBI::_new_sth(
        $dbh,
        {
            Statement  => $sql,
            _how       => \%how,
            _async     => $async,
            _statement => $about->{statement},
            _of        => $dbh->{_connection},
            _names     => $about->{parameters},
            _params    => [],
            _kind      => $about->{kind},
        }
    );
    if ( @{ $about->{columns} || [] } ) {
        $sth->{_about} = $about;
        $sth->_columns($about);
    }
    return $outer;
}

# Has the daemon prepare a statement, and the server too where that is wanted and possible.
sub _prepared {
    my ( $dbh, $sql, $how ) = @_;
    my $ask = sub {
        my ($on_server) = @_;
        return $dbh->_call(
            prepare => { connection => $dbh->{_connection}, sql => $dbh->_characters($sql), $on_server ? ( on_server => \1 ) : () } );
    };
    my $about = $dbh->_persistently( sub { $ask->( $how->{on_server} ) } );
    if ( !$about && $how->{on_server} && $how->{fallback} && ( $dbh->{_e}[0] || 0 ) eq $UNPREPARABLE ) {
        @{ $dbh->{_e} } = ();
        $about = $ask->(0);
    }
    return $about;
}

# Files that LOAD DATA LOCAL names are looked for where the program is.
sub _tell_folder {
    my ( $dbh, $sql ) = @_;
    return 1 if $sql !~ /\bLOCAL\s+INFILE\b/i || !$dbh->{_connect}{parameters}{local_infile};
    require Cwd;
    return $dbh->_call( set => { connection => $dbh->{_connection}, settings => { folder => Cwd::getcwd() } } );
}

sub _set_comments {
    my ( $dbh, $bind ) = @_;
    return $dbh->_call( set => { connection => $dbh->{_connection}, settings => { bind_comments => $bind ? \1 : \0 } } );
}

# DBD::MariaDB's strings are characters. DBD::mysql gives the server the bytes that perl has of a string, whatever they mean:
# those of UTF-8 where perl marks it as characters.
sub _characters {
    my ( $dbh, $text ) = @_;
    utf8::encode($text) if $dbh->{_prefix} eq 'mysql' && utf8::is_utf8($text);
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
        my $number = 0 + $value;
        return $number if $REAL{$type} || $value =~ /\A\+?(-?)0*([0-9]+)\z/ && $number eq $1 . $2;    # else digits would be lost
    }
    return $dbh->_characters("$value");
}

# Whether another result follows is known when the last row has come.
sub _decode {
    my ( $dbh, $answer, $sth ) = @_;
    $sth->{_results} = 1 if $sth && $answer->{results};
    my $rows = $answer->{rows};
    return if $dbh->{_unicode};
    for my $row (@$rows) { defined && utf8::is_utf8($_) && utf8::encode($_) for @$row }
    return;
}

sub _takes_columns { return 1 }

sub _texts { my ($dbh) = @_; return $dbh->{_unicode} ? undef : 'bytes' }

sub _column_names {
    my ( $dbh, $names ) = @_;
    return $names if $dbh->{_prefix} ne 'mysql';
    return [ map { my $name = $_; utf8::downgrade($name); utf8::decode($name) if $dbh->{_unicode}; $name } @$names ];
}

sub _failed { return }

sub _note {
    my ( $dbh, $answer ) = @_;
    my $was = $dbh->{_in_transaction};
    $dbh->{_in_transaction} = $answer->{in_transaction} ? 1 : 0;
    if ( exists $answer->{last_id} ) {
        @$dbh{qw(_insert_id _pending _plain_backslashes _message)} = @$answer{qw(last_id results backslashes message)};
        $dbh->{_warnings} = $answer->{warnings};
    }
    if ( $was && !$dbh->{_in_transaction} && $dbh->{BegunWork} && $dbh->{_ends} ) {
        $dbh->{BegunWork} = '';
        $dbh->STORE( AutoCommit => 1 );
    }
    return;
}

sub do {
    my ( $dbh, $sql, $attributes, @values ) = @_;
    return $dbh->_refuse if $dbh->{_running};
    $dbh->_knows($attributes) or return;
    $sql = '' if !defined $sql;
    return CPANBridge::Compat::DBI::MySQLAsync::begin( $dbh, $sql, $attributes, @values )
      if CPANBridge::Compat::DBI::MySQLAsync::is_async( $dbh, $attributes );
    return $dbh->SUPER::do( $sql, $attributes, @values )
      if $dbh->_option( $attributes, 'server_prepare' ) || $attributes && exists $attributes->{"$dbh->{_prefix}_bind_comment_placeholders"};
    $dbh->_is_open or return;
    $dbh->_tell_folder($sql) or return;
    my @sent = map { defined $_ ? scalar $dbh->_encode($_) : undef } @values;
    $dbh->{Statement} = $sql;
    my $answer = $dbh->_persistently(
        sub {
            return $dbh->_call(
                run => { connection => $dbh->{_connection}, sql => $dbh->_characters($sql), values => \@sent, rows => 1, @values ? () : ( verbatim => \1 ) }
            );
        }
    ) or return undef;
    local $dbh->{_ends} = $sql =~ /\A\s*(?:COMMIT|ROLLBACK)\b/i;
    $dbh->_note($answer);
    my $statement = $answer->{statement};
    my $failed;

    # Of several statements the later ones can fail, too.
    for ( my $next = $answer ; $next->{results} || $next->{more} ; $dbh->_note($next) ) {
        $next = $dbh->_call( next_result => { statement => $statement, rows => 1 } );
        if ( !ref $next ) { $failed = !$next; last }
    }
    $dbh->{_pending} = 0;
    $dbh->{_link}->release( database => $statement ) if $statement && $dbh->{_link};
    return $failed ? undef : $answer->{count} || '0E0';
}

sub ping {
    my ($dbh) = @_;
    return $dbh->_refuse if $dbh->{_running};
    return $dbh->_reconnect ? 1 : 0 if !$dbh->{Active} || !$dbh->{_link};
    my @errors = @{ $dbh->{_e} };
    my $alive = $dbh->_call( alive => { connection => $dbh->{_connection} } ) || $dbh->_reconnect;
    @{ $dbh->{_e} } = @errors;
    return $alive ? 1 : 0;
}

sub begin_work {
    my ( $dbh, @given ) = @_;
    return $dbh->_refuse if $dbh->{_running};
    return $dbh->SUPER::begin_work(@given);
}

sub commit   { return _end( $_[0], 'commit' ) }
sub rollback { return _end( $_[0], 'rollback' ) }

sub _end {
    my ( $dbh, $what ) = @_;
    return $dbh->_refuse if $dbh->{_running};
    return $dbh->_gone   if !$dbh->{Active};
    if ( $dbh->FETCH('AutoCommit') ) {
        Carp::carp("$what ineffective with AutoCommit enabled") if $dbh->{Warn};
        return 1;
    }
    $dbh->_call( $what => { connection => $dbh->{_connection} } ) or return;
    $dbh->{_in_transaction} = 0;
    return 1;
}

# A statement that still runs would have to be waited for.
sub disconnect {
    my ($dbh) = @_;
    $dbh->{_running} = 0;
    return $dbh->SUPER::disconnect;
}

# DBD::mysql refuses, while a statement runs, also what needs no server.
for my $name (qw(last_insert_id get_info type_info_all type_info quote_identifier)) {
    my $code = __PACKAGE__->can("_$name") || "SUPER::$name";
    no strict 'refs';
    *$name = sub {
        my ( $dbh, @given ) = @_;
        return $dbh->{_running} && $dbh->{_prefix} eq 'mysql' ? $dbh->_refuse : $dbh->$code(@given);
    };
}

# While results of several statements have not been asked for, only the daemon knows how far the server is.
sub _last_insert_id {
    my ($dbh) = @_;
    if ( $dbh->{_pending} && !$dbh->{_running} && $dbh->{Active} ) {
        my $number = $dbh->_call( last_id => { connection => $dbh->{_connection} } );
        $dbh->{_insert_id} = $number if $number;
    }
    return $dbh->{_insert_id};
}

sub data_sources {
    my ($dbh) = @_;
    return $dbh->_refuse if $dbh->{_running};
    my $name = $dbh->{Driver}{Name};
    return map {"DBI:$name:$_"} @{ $dbh->selectcol_arrayref('SHOW DATABASES') || [] };
}

# --- attributes

sub STORE {
    my ( $dbh, $name, $value ) = @_;
    if ( $name eq 'AutoCommit' ) { return $dbh->{_running} ? $dbh->_refuse : $dbh->_set_autocommit($value) }
    if ( $name eq 'ReadOnly' && $dbh->{_link} ) {
        $dbh->_call( set => { connection => $dbh->{_connection}, settings => { read_only => $value ? \1 : \0 } } ) or return;
    }
    if ( $name =~ /\A$dbh->{_prefix}_(\w+)\z/ && defined( my $kind = CPANBridge::Compat::DBI::MySQL::can_be_set($1) ) ) {
        my $what = $1;
        $value = $value ? 1 : $dbh->{_prefix} eq 'mysql' ? 0 : '' if $kind;
        $dbh->{_unicode} = $value ? 1 : 0 if $dbh->{_prefix} eq 'mysql' && $what =~ /\Aenable_utf8/;
        if ( $what eq 'bind_comment_placeholders' && $dbh->{_link} && !$value != !$dbh->{$name} ) { $dbh->_set_comments($value) or return }
        $dbh->{$name} = $value;
        return 1;
    }
    return $dbh->_unknown( $name, 'STORE' ) if $dbh->_is_unknown($name);
    return $dbh->SUPER::STORE( $name, $value );
}

# Of DBD::MariaDB's attributes: whether one that is written in lower case is neither the program's own nor DBI's.
sub _is_unknown {
    my ( $h, $name ) = @_;
    my $dbh = $h->{Database} || $h;
    return $dbh->{_prefix} eq 'mariadb' && $name !~ /\A(?:[A-Z_]|private_|dbi_|dbd_)/;
}

my %ATTRIBUTE = (
    serverinfo    => sub { my $version = $_[0]{_info}{version}; $version =~ s/\A5\.5\.5-(?=\d+\.)//; $version },
    serverversion => sub { $_[0]{_info}{version} =~ /\A(?:5\.5\.5-)?(\d+)\.(\d+)\.(\d+)/ ? $1 * 10_000 + $2 * 100 + $3 : 0 },
    hostinfo      => sub { $_[0]{_info}{host} },
    protoinfo     => sub { $_[0]{_info}{protocol} },
    thread_id     => sub { $_[0]{_info}{thread} },
    ssl_cipher    => sub { $_[0]{_info}{cipher} },
    insertid      => sub { $_[0]->last_insert_id },
    warning_count => sub { $_[0]{_warnings} || 0 },
    info          => sub { my $said = $_[0]{_message}; defined $said && length $said ? $said : undef },
    errno         => sub { $_[0]{_e}[0] },
    error         => sub { $_[0]{_e}[1] },
    clientinfo    => sub { 'CPANBridge ' . CPANBridge->VERSION . ', PyMySQL ' . $_[0]{_info}{library} },
    clientversion => sub { 100_000 },
    sock          => sub { $_[0]{Active} ? $_[0]{_connection} : 0 },
    sockfd        => sub { $_[0]->mariadb_sockfd },
    dbd_stats     => sub { +{ %{ $_[0]{_stats} } } },
    stat          => sub { $_[0]{Active} ? scalar $_[0]->_call( statistics => { connection => $_[0]{_connection} } ) : undef },
);

sub FETCH {
    my ( $dbh, $name ) = @_;
    return $dbh->{_autocommit} ? 1 : '' if $name eq 'AutoCommit';
    if ( $name =~ /\A(?:mysql|mariadb)_(\w+)\z/ ) {
        my $what = $1;
        return $ATTRIBUTE{$what}->($dbh) if $ATTRIBUTE{$what};
        return $dbh->_max_allowed_packet if $what eq 'max_allowed_packet';
        return $dbh->{$name} if defined CPANBridge::Compat::DBI::MySQL::can_be_set($what);
    }
    return $dbh->_unknown( $name, 'FETCH' ) if $dbh->_is_unknown($name);
    return $ATTRIBUTE{$name}->($dbh) if $ATTRIBUTE{$name} && $dbh->{_prefix} eq 'mysql';    # their names of old
    return $dbh->SUPER::FETCH($name);
}

# The program's bound, or else the server's.
sub _max_allowed_packet {
    my ($dbh) = @_;
    return $dbh->{_info}{packet} if $dbh->{_connect}{parameters}{max_allowed_packet};
    return scalar $dbh->selectrow_array('SELECT @@max_allowed_packet');
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::MySQLDatabase - database handles of MariaDB and MySQL

=head1 DESCRIPTION

Used by the replacements of L<DBD::MariaDB> and L<DBD::mysql>; programs have no need of it. What the methods do for programs is described
in L<DBI>.

=head1 METHODS

=head2 prepare

=head2 do

=head2 ping

=head2 begin_work

=head2 commit

=head2 rollback

=head2 disconnect

=head2 last_insert_id

=head2 data_sources

=head2 STORE

=head2 FETCH

=cut
