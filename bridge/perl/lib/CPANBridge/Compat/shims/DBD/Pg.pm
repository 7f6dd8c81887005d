package DBD::Pg;

use 5.014;
use strict;
use warnings;

use Carp ();
use DBI ();
use Exporter ();

use CPANBridge::Compat::DBI::PgAsync;
use CPANBridge::Compat::DBI::PgCatalog;
use CPANBridge::Compat::DBI::PgTypes;
use CPANBridge::Compat::DBI::Remote;

our $VERSION = '3.18.0';
our @ISA     = 'Exporter';

$Carp::Internal{$_}++ for 'DBD::Pg', map { "DBD::Pg::$_" } qw(dr db st);

our %EXPORT_TAGS = (
    pg_types  => [ '$DBDPG_DEFAULT', @{ CPANBridge::Compat::DBI::PgTypes::names() } ],
    async     => [qw($DBDPG_DEFAULT PG_ASYNC PG_OLDQUERY_CANCEL PG_OLDQUERY_WAIT)],
    pg_limits => [ '$DBDPG_DEFAULT', @{ CPANBridge::Compat::DBI::PgTypes::limits() } ],
);
our @EXPORT = qw($DBDPG_DEFAULT PG_ASYNC PG_OLDQUERY_CANCEL PG_OLDQUERY_WAIT PG_BYTEA);

# Stands for the keyword DEFAULT in execute.
our $DBDPG_DEFAULT = bless {}, 'DBD::Pg::DefaultValue';
our @EXPORT_OK = map { @$_ } values %EXPORT_TAGS;

CPANBridge::Compat::DBI::PgTypes::define(__PACKAGE__);

my $drh;

sub driver {
    return $drh if $drh;
    my ( $class, $attributes ) = @_;
    DBD::Pg::db->install_method("pg_$_")
      for qw(notifies ping savepoint rollback_to release error_field server_trace server_untrace putcopydata putcopyend
      getcopydata getcopydata_async putline getline endcopy result ready cancel lo_creat lo_open lo_write lo_read lo_lseek lo_tell lo_close
      lo_unlink lo_truncate lo_import lo_import_with_oid lo_export);
    DBD::Pg::st->install_method("pg_$_") for qw(result ready cancel canonical_names canonical_ids);
    return $drh = DBI::_new_drh( "${class}::dr",
        { Name => 'Pg', Version => $VERSION, Attribution => 'the interface of DBD::Pg, served by CPANBridge' } );
}

sub CLONE { undef $drh; return }

package    # not to be indexed
  DBD::Pg::dr;

use strict;
use warnings;

# What libpq takes from its environment; here it is the program's, not the daemon's.
my %ENVIRONMENT = (
    host             => 'PGHOST',
    hostaddr         => 'PGHOSTADDR',
    port             => 'PGPORT',
    dbname           => 'PGDATABASE',
    user             => 'PGUSER',
    password         => 'PGPASSWORD',
    options          => 'PGOPTIONS',
    application_name => 'PGAPPNAME',
    sslmode          => 'PGSSLMODE',
    sslcert          => 'PGSSLCERT',
    sslkey           => 'PGSSLKEY',
    sslrootcert      => 'PGSSLROOTCERT',
    connect_timeout  => 'PGCONNECT_TIMEOUT',
    service          => 'PGSERVICE',
);

sub connect {
    my ( $drh, $dsn, $user, $password, $attributes ) = @_;
    $dsn = '' if !defined $dsn;
    my %word = map { ( $_ => $ENV{ $ENVIRONMENT{$_} } ) } grep { defined $ENV{ $ENVIRONMENT{$_} } && length $ENV{ $ENVIRONMENT{$_} } } keys %ENVIRONMENT;
    while ( $dsn =~ /\G\s*;?\s*(\w+)\s*=\s*(?:(['"])((?:\\.|(?!\2).)*)\2|([^;]*?))\s*(?=;|\z)/gs ) {
        my ( $name, $value ) = ( lc $1, defined $3 ? $3 : $4 );
        $value =~ s/\\(.)/$1/g if defined $3;
        $name = 'dbname' if $name eq 'db' || $name eq 'database';
        $word{$name} = $value;
    }
    $word{user}     = $user     if defined $user     && length $user;
    $word{password} = $password if defined $password && length "$password";
    $word{user} = ( getpwuid $> )[0] if !defined $word{user};
    my $database = delete $word{dbname};
    $database = $word{user} if !defined $database || !length $database;
    if ( !defined $word{password} ) {
        my $found = _password( @word{qw(host port)}, $database, $word{user} );
        $word{password} = $found if defined $found;
    }
    %word = map { ( $_ => "$word{$_}" ) } grep { defined $word{$_} } keys %word;
    my %connect = ( driver => 'postgresql', database => $database, parameters => \%word );
    my ( $outer, $dbh ) = CPANBridge::Compat::DBI::Remote::connect(
        $drh, $dsn,
        {
            AutoCommit => 1, _utf8 => -1, pg_bool_tf => 0, pg_expand_array => 1, pg_server_prepare => 1, pg_errorlevel => 1,
            pg_placeholder_dollaronly => 0, pg_placeholder_nocolons => 0, pg_placeholder_escaped => 1, pg_switch_prepared => 2,
            pg_prepare_now => 0, pg_skip_deallocate => 0, pg_async_status => 0, _connect => \%connect,
        },
        { %connect, settings => { booleans => 'digits', arrays => \1 } }
    );
    return if !$outer;
    $dbh->{_user} = $word{user};
    my $info = $dbh->{_info};
    $dbh->{Name} = $dsn =~ s/\A\s+//r;
    @$dbh{qw(pg_server_version pg_lib_version pg_pid pg_db pg_host pg_port pg_user)} = @$info{qw(version library pid database host port user)};
    $dbh->{pg_default_port}   = 5432;
    $dbh->{pg_protocol}       = 3;
    $dbh->{pg_pass}           = '';
    $dbh->{pg_options}        = defined $word{options} ? $word{options} : '';
    $dbh->{pg_INV_READ}       = 0x40000;
    $dbh->{pg_INV_WRITE}      = 0x20000;
    $dbh->{pg_standard_conforming_strings} = 'on';
    return $outer;
}

# The program's own password file, as libpq would read it.
sub _password {
    my ( $host, $port, $database, $user ) = @_;
    my $file = $ENV{PGPASSFILE};
    $file = "$ENV{HOME}/.pgpass" if !defined $file && defined $ENV{HOME};
    return if !defined $file || !-f $file || ( stat _ )[2] & 077;
    open my $in, '<', $file or return;
    my @wanted = ( defined $host && $host !~ m{\A/} && length $host ? $host : 'localhost', $port || 5432, $database, $user );
    while ( my $line = <$in> ) {
        chomp $line;
        my @field = map { s/\\(.)/$1/gr } split /(?<!\\):/, $line;
        next if @field < 5 || $line =~ /\A#/;
        return $field[4] if !grep { $field[$_] ne '*' && $field[$_] ne $wanted[$_] } 0 .. 3;
    }
    return;
}

sub data_sources {
    my ( $drh, $attributes ) = @_;
    my $connection = defined $attributes && !ref $attributes ? $attributes : '';
    my $dbh = DBI->connect( "dbi:Pg:dbname=postgres;$connection", undef, undef, { PrintError => 0 } ) or return;
    return map {"dbi:Pg:dbname=$_;$connection"} @{ $dbh->selectcol_arrayref('SELECT pg_catalog.quote_ident(datname) FROM pg_catalog.pg_database ORDER BY 1') };
}

package    # not to be indexed
  DBD::Pg::db;

use strict;
use warnings;

our @ISA = ( 'CPANBridge::Compat::DBI::PgCatalog', 'CPANBridge::Compat::DBI::PgAsync', 'CPANBridge::Compat::DBI::Remote::db' );

my $WAITS = qr/\A(?:prepare|run|execute|execute_many)\z/;

# Between the beginning of a COPY and its end nothing else goes.
sub _call {
    my ( $h, $function ) = @_;
    my $copy = ( $h->{Database} || $h )->{_copy};
    if ( $copy && $function =~ $WAITS ) {
        return $h->set_err( 7, $copy eq 'out'
            ? 'COPY: must call pg_getcopydata until no more rows are returned before issuing more commands'
            : 'COPY: must call pg_putcopyend before issuing more commands', '55000' );
    }
    my $dbh = $h->{Database} || $h;
    if ( $dbh->{pg_async_status} && $function =~ $WAITS && $function ne 'prepare' ) {
        CPANBridge::Compat::DBI::PgAsync::make_room( $dbh, $h->{pg_async} ) or return;
    }
    goto &CPANBridge::Compat::DBI::Remote::call;
}

sub prepare {
    my ( $dbh, $sql, $attributes ) = @_;
    return if !defined $sql;
    Carp::croak('Cannot prepare empty statement') if $sql !~ /\S/;
    Carp::croak('Attributes of a statement must be a hashref; this is not a hash') if defined $attributes && ref $attributes ne 'HASH';
    my $async = $attributes && $attributes->{pg_async} || 0;
    if ( $async & 2 && $dbh->{pg_async_status} == 1 ) { defined $dbh->pg_cancel or return }
    $dbh->_placeholders($attributes);
    my $answer = $dbh->_call( prepare => { connection => $dbh->{_connection}, sql => _characters($sql) } ) or return;
    my ( $outer, $sth ) = DBI::_new_sth(
        $dbh,
        {
            Statement  => $sql,
            _statement => $answer->{statement},
            _names     => $answer->{parameters},
            _params    => [],
            _kind      => $answer->{kind},
            pg_async   => $async,
            map { ( $_ => $attributes && exists $attributes->{$_} ? $attributes->{$_} : $dbh->{$_} ) }
              qw(pg_server_prepare pg_switch_prepared pg_prepare_now pg_placeholder_dollaronly pg_placeholder_nocolons)
        }
    );
    return $outer;
}

# Which placeholders count is the connection's setting in the daemon; a statement can have its own.
sub _placeholders {
    my ( $dbh, $attributes ) = @_;
    my @wanted;
    for my $name (qw(pg_placeholder_dollaronly pg_placeholder_nocolons pg_placeholder_escaped)) {
        my $value = $attributes && exists $attributes->{$name} ? $attributes->{$name} : $dbh->{$name};
        push @wanted, $value ? 1 : 0;
    }
    my $key = join ',', @wanted;
    return if $key eq ( $dbh->{_placeholders} || '0,0,1' );
    my ( $dollars, $no_colons, $escaped ) = @wanted;
    my %settings = (
        question_marks => $dollars               ? \0 : \1,
        colons         => $dollars || $no_colons ? \0 : \1,
        escapes        => $escaped               ? \1 : \0,
    );
    $dbh->_call( set => { connection => $dbh->{_connection}, settings => \%settings } ) and $dbh->{_placeholders} = $key;
    return;
}

sub _characters { my ($text) = @_; utf8::decode($text) if !utf8::is_utf8($text); return $text }

# Bytes go as bytes only where their type says so; everything else is text that the server makes a value of.
sub _encode {
    my ( $dbh, $value, $type ) = @_;
    if ( ref $value eq 'ARRAY' ) { return CPANBridge::Compat::DBI::PgTypes::array_text($value) }
    return { __default__ => \1 } if ref $value eq 'DBD::Pg::DefaultValue';
    die "Cannot bind a reference\n" if ref $value eq 'HASH' || ref $value eq 'CODE' || ref $value eq 'SCALAR';
    if ( $type && !$dbh->{pg_server_prepare} && CPANBridge::Compat::DBI::PgTypes::is_integer($type) && $value !~ /\A\s*[-+]?[0-9]+\s*\z/ ) {
        die "Invalid integer\n";
    }
    if ( $type && $type == 16 && !ref $value ) { return $value =~ /\A(?:0|f|false|n|no|off|)\z/i ? 'f' : $value =~ /\A0(?:E0| but true)\z/ ? 't' : $value }
    if ( $type && CPANBridge::Compat::DBI::PgTypes::is_bytes($type) ) {
        my $bytes = "$value";
        utf8::downgrade( $bytes, 1 ) or utf8::encode($bytes);
        return CPANBridge::Bytes->new($bytes);
    }
    $value = ref $value ? "$value" : "$value";
    return $value if $dbh->{_utf8} == 0 && utf8::is_utf8($value);
    return _characters($value);
}

sub _sends_text { return !$_[1] }

sub _decode {
    my ( $dbh, $answer, $sth ) = @_;
    if ( $dbh->{_utf8} ) {    # text of ASCII alone is marked as characters, too
        my $types = $answer->{types} || $sth && $sth->{_types} || [];
        for my $at ( grep { !CPANBridge::Compat::DBI::PgTypes::is_no_text( $types->[$_] ) } 0 .. $#$types ) {
            for my $row ( @{ $answer->{rows} } ) {
                if   ( ref $row->[$at] ) { _upgrade( $row->[$at] ) }
                else                     { utf8::upgrade( $row->[$at] ) if defined $row->[$at] }
            }
        }
        return;
    }
    for my $row ( @{ $answer->{rows} } ) { defined && !ref && utf8::is_utf8($_) && utf8::encode($_) for @$row }
    return;
}

sub _takes_columns { return 1 }

sub _texts {
    my ( $dbh, $answer, $sth ) = @_;
    return 'bytes' if !$dbh->{_utf8};
    return [ map { CPANBridge::Compat::DBI::PgTypes::is_no_text($_) ? undef : 'characters' } @{ $answer->{types} || $sth->{_types} || [] } ];
}

sub _upgrade {
    if ( ref $_[0] ) { ref $_[0] eq 'ARRAY' and defined && _upgrade($_) for @{ $_[0] } }
    else             { utf8::upgrade( $_[0] ) }
    return;
}

sub _column_names { return $_[1] }

sub _note {
    my ( $dbh, $answer ) = @_;
    if ( $answer->{notices} && $dbh->{PrintWarn} && $dbh->{Warn} ) { warn "$_\n" for @{ $answer->{notices} } }
    if ( $answer->{copy} ) {
        my $out = ( $dbh->{Statement} || '' ) =~ /\bTO\s+STDOUT\b/i;
        $dbh->{_copy}   = $out ? 'out' : 'in';
        $dbh->{_copied} = $out ? []    : '';
        $dbh->{_copy_binary} = ( $dbh->{Statement} || '' ) =~ /\bBINARY\b/i;
    }
    my $was = $dbh->{_in_transaction};
    $dbh->{_in_transaction} = $answer->{in_transaction} ? 1 : 0;
    if ( $was && !$dbh->{_in_transaction} && $dbh->{BegunWork} ) {
        $dbh->{BegunWork} = '';
        $dbh->STORE( AutoCommit => 1 );
    }
    return;
}

# Within a transaction an error ends all but a rollback.
sub _failed { my ($dbh) = @_; $dbh->{_in_transaction} = 1 if !$dbh->{_autocommit}; return }

sub do {
    my ( $dbh, $sql, $attributes, @values ) = @_;
    return $dbh->set_err( 1, 'Undefined statement' ) if !defined $sql;
    my $async = $attributes && $attributes->{pg_async} || 0;
    local $dbh->{pg_async} = $async;
    if ( !@values && CPANBridge::Compat::DBI::PgAsync::is_async($async) ) {
        return CPANBridge::Compat::DBI::PgAsync::start( $dbh, $async, sql => _characters($sql), rows => 1 );
    }
    if ( !@values ) {
        my $answer = $dbh->_call( run => { connection => $dbh->{_connection}, sql => _characters($sql), values => [], rows => 1, verbatim => \1 } );
        $dbh->{Statement} = $sql;
        if ( !$answer ) { $dbh->_failed; return }
        $dbh->_note($answer);
        $dbh->{_link}->release( database => $answer->{statement} ) if $answer->{statement};
        return $answer->{count} == 0 ? '0E0' : $answer->{count};
    }
    my $sth = $dbh->prepare( $sql, $attributes ) or return;
    my $inner = CPANBridge::Compat::DBI::Handle::inner($sth);
    my $result = $inner->execute(@values);
    $inner->finish if !CPANBridge::Compat::DBI::PgAsync::is_async($async);
    return $result;
}

# 1: idle, 2: in the middle of a COPY, which is not asked about, 3: in a transaction, 4: in one that has failed.
sub ping {
    my ($dbh) = @_;
    my $alive = $dbh->SUPER::ping or return 0;
    return 2 if $dbh->{_copy};
    my @errors = @{ $dbh->{_e} };
    my $answer = $dbh->_call( alive => { connection => $dbh->{_connection} } );
    my $info = $answer && $dbh->{_in_transaction} ? $dbh->_call( info => { connection => $dbh->{_connection} } ) : undef;
    @{ $dbh->{_e} } = @errors;
    return !$answer ? 0 : !$info ? 1 : ( $info->{transaction} || '' ) eq 'inerror' ? 4 : 3;
}

sub pg_ping { my ($dbh) = @_; my $answer = $dbh->ping; return $answer ? $answer : -1 }

# --- transactions ---

sub commit   { return _end( $_[0], 'commit' ) }
sub rollback { return _end( $_[0], 'rollback' ) }

sub _end {
    my ( $dbh, $what ) = @_;
    if ( $dbh->FETCH('AutoCommit') ) {
        Carp::carp("$what ineffective with AutoCommit enabled") if $dbh->{Warn};
        return 1;
    }
    $dbh->_call( $what => { connection => $dbh->{_connection} } ) or return;
    $dbh->{_in_transaction} = 0;
    delete @$dbh{qw(_copy _copied _copy_ended)};
    return 1;
}

for my $name (qw(savepoint rollback_to release)) {
    my $words = { savepoint => 'SAVEPOINT', rollback_to => 'ROLLBACK TO', release => 'RELEASE' }->{$name};
    no strict 'refs';
    *{"pg_$name"} = sub {
        my ( $dbh, $savepoint ) = @_;
        return $dbh->set_err( 1, "pg_$name needs the name of a savepoint" ) if !defined $savepoint;
        if ( $dbh->FETCH('AutoCommit') ) { warn "pg_$name ineffective with AutoCommit enabled\n"; return 0 }
        return $dbh->do("$words $savepoint") ? 1 : undef;
    };
}

sub STORE {
    my ( $dbh, $name, $value ) = @_;
    return $dbh->_set_autocommit($value) if $name eq 'AutoCommit';
    return 1 if $name eq 'RowCacheSize';
    $value = 1 if $name eq 'pg_errorlevel' && ( !defined $value || $value !~ /\A[02]\z/ );
    if ( $name eq 'pg_enable_utf8' ) { $dbh->{_utf8} = !defined $value || $value < 0 ? -1 : $value ? 1 : 0; return 1 }
    my $settings =
        $name eq 'pg_bool_tf'      ? { booleans => $value ? 'text' : 'digits' }
      : $name eq 'pg_expand_array' ? { arrays => $value ? \1 : \0 }
      : $name eq 'ReadOnly'        ? { read_only => $value ? \1 : \0 }
      :                              undef;
    if ( $name eq 'pg_bool_tf' && $dbh->{_link} ) {    # rows that are here already follow
        for my $sth ( map { CPANBridge::Compat::DBI::Handle::inner($_) } grep {defined} @{ $dbh->{ChildHandles} || [] } ) {
            $sth->_take_ahead;
            $sth->_unfold;
            my $types = $sth->{_types} || [];
            my %spelt = $value ? ( 0 => 'f', 1 => 't' ) : ( f => 0, t => 1 );
            for my $at ( grep { $types->[$_] == 16 } 0 .. $#$types ) {
                for my $row ( @{ $sth->{_rows} || [] } ) { $row->[$at] = $spelt{ $row->[$at] } if defined $row->[$at] && exists $spelt{ $row->[$at] } }
            }
        }
    }
    if ( $settings && $dbh->{_link} ) {
        $dbh->_call( set => { connection => $dbh->{_connection}, settings => $settings } ) or return;
        $value = $value ? 1 : 0;
    }
    return $dbh->SUPER::STORE( $name, $value );
}

sub FETCH {
    my ( $dbh, $name ) = @_;
    return $dbh->{_autocommit} ? 1 : '' if $name eq 'AutoCommit';
    return $dbh->{_utf8} if $name eq 'pg_enable_utf8';
    return $dbh->{_utf8} == 0 ? '' : 1 if $name eq 'pg_utf8_flag';
    if ( $name eq 'pg_standard_conforming_strings' ) {
        my $info = $dbh->_call( info => { connection => $dbh->{_connection} } );
        return $info && $info->{parameters}{standard_conforming_strings};
    }
    return $dbh->getfd if $name eq 'pg_socket';
    return $dbh->{_user} if $name eq 'Username' && !defined $dbh->{Username};
    return $dbh->SUPER::FETCH($name);
}

# --- what else the server can do ---

sub private_attribute_info {
    return { map { ( $_ => undef ) } qw(pg_async_status pg_bool_tf pg_db pg_default_port pg_enable_utf8 pg_errorlevel pg_expand_array pg_host
          pg_INV_READ pg_INV_WRITE pg_lib_version pg_options pg_pass pg_pid pg_placeholder_dollaronly pg_placeholder_escaped
          pg_placeholder_nocolons pg_port pg_prepare_now pg_protocol pg_server_prepare pg_server_version pg_skip_deallocate pg_socket
          pg_standard_conforming_strings pg_switch_prepared pg_user pg_utf8_flag) };
}

sub getfd { my ($dbh) = @_; return CPANBridge::Compat::DBI::PgAsync::descriptor($dbh) }

sub disconnect {
    my ($dbh) = @_;
    delete $dbh->{_watched};
    return $dbh->SUPER::disconnect;
}

sub pg_notifies {
    my ($dbh) = @_;
    my $waiting = $dbh->{_notifies} ||= [];
    if ( !@$waiting ) {
        CPANBridge::Compat::DBI::PgAsync::read_out($dbh);
        my $answer = $dbh->_call( notifications => { connection => $dbh->{_connection} } ) or return;
        @$waiting = @$answer if ref $answer;
    }
    return shift @$waiting;
}

my %FIELD = (
    severity => 'severity', state => 'sqlstate', sqlstate => 'sqlstate', statement_position => 'statement_position',
    internal_position => 'internal_position', internal_query => 'internal_query', source_file => 'source_file',
    source_line => 'source_line', source_function => 'source_function', primary => 'message_primary', detail => 'message_detail', hint => 'message_hint',
    position => 'statement_position', schema => 'schema_name', table => 'table_name', column => 'column_name',
    datatype => 'datatype_name', constraint => 'constraint_name', context => 'context', file => 'source_file',
    line => 'source_line', function => 'source_function', severity_nonlocalized => 'severity_nonlocalized', type => 'datatype_name',
);

sub pg_error_field {
    my ( $dbh, $field ) = @_;
    Carp::croak('Usage: $dbh->pg_error_field($field)') if @_ < 2;
    my $name = lc( defined $field ? $field : '' ) =~ s/\A(?:pg_diag_)?(?:message_)?//r;
    $name =~ s/_name\z//;
    my $known = $FIELD{$name} or return $dbh->set_err( 1, 'Invalid error field: ' . ( defined $field ? $field : '' ) );
    return ( $dbh->{_diagnostics} || {} )->{$known};
}

# Data of a COPY is sent in pieces of this size.
my $COPY_BYTES = 1 << 18;

sub pg_putcopydata {
    my ( $dbh, $data ) = @_;
    return $dbh->set_err( 1, 'pg_putcopydata can only be called directly after issuing a COPY FROM command' ) if ( $dbh->{_copy} || '' ) ne 'in';
    return $dbh->set_err( 1, 'pg_putcopydata needs a row' ) if !defined $data;
    my $bytes = "$data";
    utf8::encode($bytes) if utf8::is_utf8($bytes);
    $dbh->{_copied} .= $bytes;
    return 1 if length $dbh->{_copied} < $COPY_BYTES;
    return _send_copied($dbh);
}

sub _send_copied {
    my ($dbh) = @_;
    return 1 if !length $dbh->{_copied};
    my $data = CPANBridge::Bytes->new( $dbh->{_copied} );
    $dbh->{_copied} = '';
    return $dbh->_call( copy_in => { connection => $dbh->{_connection}, data => $data } ) ? 1 : undef;
}

sub pg_putcopyend {
    my ($dbh) = @_;
    if ( !$dbh->{_copy} ) { warn "pg_putcopyend cannot be called until a COPY is issued\n"; return 0 }
    return $dbh->set_err( 1, 'pg_putcopyend does not need to be called when using PGGETCOPYDATA' ) if $dbh->{_copy} ne 'in';
    my $sent = _send_copied($dbh);
    delete $dbh->{_copy};
    my $answer = $dbh->_call( copy_end => { connection => $dbh->{_connection} } ) or return 0;
    $dbh->_note($answer);
    return $sent ? 1 : 0;
}

# The daemon has the rows at hand, or waits for them.
sub pg_getcopydata_async { my $dbh = shift; return $dbh->pg_getcopydata(@_) }

sub pg_getcopydata {
    my ($dbh) = @_;
    return $dbh->set_err( 1, 'pg_getcopydata can only be called directly after issuing a COPY TO command' ) if ( $dbh->{_copy} || '' ) ne 'out';
    my $rows = $dbh->{_copied} ||= [];
    if ( !@$rows && !$dbh->{_copy_ended} ) {
        my $answer = $dbh->_call( copy_out => { connection => $dbh->{_connection} } ) or return -2;
        @$rows = map { $_->[0] } @{ $answer->{rows} };
        $dbh->{_copy_ended} = !$answer->{more};
    }
    if ( !@$rows ) {
        delete @$dbh{qw(_copy _copied _copy_ended)};
        if   ( ref $_[1] ) { ${ $_[1] } = '' }
        else               { $_[1] = '' }
        $dbh->{_in_transaction} = 0 if $dbh->{_autocommit};
        return -1;
    }
    my $line = shift @$rows;
    utf8::decode($line) if $dbh->{_utf8} && !$dbh->{_copy_binary};
    if   ( ref $_[1] ) { ${ $_[1] } = $line }
    else               { $_[1] = $line }
    return length $line;
}

# Their names of old.
sub pg_putline { my ( $dbh, $line ) = @_; return $dbh->pg_putcopydata($line) }

sub pg_endcopy {
    my ($dbh) = @_;
    return $dbh->set_err( 1, 'pg_endcopy cannot be called until a COPY is issued' ) if !$dbh->{_copy};
    return $dbh->pg_putcopyend;
}

sub pg_getline {
    my ($dbh) = @_;
    return $dbh->set_err( 1, 'pg_getline: no COPY ... TO STDOUT goes on' ) if ( $dbh->{_copy} || '' ) ne 'out';
    my $result = $dbh->pg_getcopydata( $_[1] );
    return $result < 0 ? '' : 1;
}

for my $name (qw(server_trace server_untrace)) {
    no strict 'refs';
    *{"pg_$name"} = sub { return $_[0]->set_err( 1, "CPANBridge: pg_$name is not supported" ) };
}

# Large objects, by the server's own functions.
my %LARGE = (
    truncate => [ 'lo_truncate64', 2 ], creat => [ 'lo_creat', 1 ], open => [ 'lo_open', 2 ], lseek => [ 'lo_lseek64', 3 ], tell => [ 'lo_tell64', 1 ],
    close => [ 'lo_close', 1 ], unlink => [ 'lo_unlink', 1 ],
);
for my $name ( keys %LARGE ) {
    my ( $function, $count ) = @{ $LARGE{$name} };
    no strict 'refs';
    *{"pg_lo_$name"} = sub {
        my ( $dbh, @values ) = @_;
        return if !$dbh->_in_large("pg_lo_$name");
        my $marks = join ', ', map {"\$$_"} 1 .. $count;
        my ($answer) = $dbh->selectrow_array( "SELECT pg_catalog.$function($marks)", undef, @values[ 0 .. $count - 1 ] );
        @{ $dbh->{_e} } = ();    # what fails here returns undef, and nothing else
        return $name eq 'close' && defined $answer ? $answer == 0 : $answer;
    };
}

# They live as long as a transaction.
sub _in_large {
    my ( $dbh, $name ) = @_;
    return 1 if !$dbh->FETCH('AutoCommit') || $dbh->{BegunWork};
    return $dbh->set_err( 1, "Cannot call $name when AutoCommit is on" );
}

sub pg_lo_write {
    my ( $dbh, $descriptor, $data, $length ) = @_;
    $dbh->_in_large('pg_lo_write') or return;
    my $sth = $dbh->prepare('SELECT pg_catalog.lowrite($1, $2)') or return;
    $sth->bind_param( 1, $descriptor );
    $sth->bind_param( 2, defined $length ? substr( $data, 0, $length ) : $data, { pg_type => 17 } );
    $sth->execute or return;
    return ( $sth->fetchrow_array )[0];
}

sub pg_lo_read {
    my ( $dbh, $descriptor, undef, $length ) = @_;
    $dbh->_in_large('pg_lo_read') or return;
    my ($data) = $dbh->selectrow_array( 'SELECT pg_catalog.loread($1, $2)', undef, $descriptor, $length );
    return if !defined $data;
    $_[2] = $data;
    return length $data;
}

# The file is the program's, not the daemon's or the server's.
sub pg_lo_import { my ( $dbh, $file ) = @_; return $dbh->pg_lo_import_with_oid( $file, 0 ) }

sub pg_lo_import_with_oid {
    my ( $dbh, $file, $oid ) = @_;
    open my $in, '<:raw', $file or return $dbh->set_err( 1, "Cannot read $file: $!" );
    my $data = do { local $/; <$in> };
    my $sth = $dbh->prepare('SELECT pg_catalog.lo_from_bytea($1, $2)') or return;
    $sth->bind_param( 1, $oid || 0 );
    $sth->bind_param( 2, defined $data ? $data : '', { pg_type => 17 } );
    $sth->execute or return;
    return ( $sth->fetchrow_array )[0];
}

sub pg_lo_export {
    my ( $dbh, $oid, $file ) = @_;
    my ($data) = $dbh->selectrow_array( 'SELECT pg_catalog.lo_get($1)', undef, $oid );
    return if !defined $data;
    open my $out, '>:raw', $file or return $dbh->set_err( 1, "Cannot write $file: $!" );
    print {$out} $data;
    close $out or return $dbh->set_err( 1, "Cannot write $file: $!" );
    return 1;
}

# Their names of old, for func.
for my $name ( qw(putline getline endcopy notifies), map {"lo_$_"} qw(creat open write read lseek tell close unlink import export) ) {
    no strict 'refs';
    *$name = \&{"pg_$name"};
}

package    # not to be indexed
  DBD::Pg::st;

use strict;
use warnings;

our @ISA = ( 'CPANBridge::Compat::DBI::PgAsync', 'CPANBridge::Compat::DBI::Remote::st' );

*_call = \&DBD::Pg::db::_call;

sub cancel { my ($sth) = @_; return CPANBridge::Compat::DBI::PgAsync::cancel_from_outside( $sth->{Database} ) }

sub _not_active { my ($sth) = @_; return $sth->{_cancelled} ? $sth->set_err( 1, 'no statement executing' ) : undef }

sub private_attribute_info {
    return { map { ( $_ => undef ) } qw(pg_cmd_status pg_numbound pg_bound pg_type pg_async pg_async_status pg_current_row pg_size
          pg_server_prepare pg_prepare_now pg_switch_prepared pg_placeholder_dollaronly pg_placeholder_nocolons) };
}

# A type can be given as the server's number or as DBI's.
sub _type_of {
    my ( $sth, $attributes ) = @_;
    return defined $attributes->{pg_type} ? $attributes->{pg_type} : CPANBridge::Compat::DBI::PgTypes::of_dbi( $attributes->{TYPE} || $attributes->{type} );
}

sub bind_param {
    my ( $sth, $name, $value, $attributes ) = @_;
    return $sth->set_err( 1, 'bind_param needs the number or name of a placeholder' ) if !defined $name;
    $attributes = { TYPE => $attributes } if defined $attributes && !ref $attributes;
    return $sth->set_err( 1, "Cannot bind unknown placeholder '$name'" ) if !$sth->_number_of($name);
    return $sth->SUPER::bind_param( $name, $value, $attributes );
}

sub bind_param_array {
    my ( $sth, $name, $values, $attributes ) = @_;
    return $sth->set_err( 1, 'Cannot use named placeholders in bind_param_array' ) if defined $name && $name !~ /\A\d+\z/;
    return $sth->SUPER::bind_param_array( $name, $values, $attributes );
}

# The variable gives the value when the statement is executed, and gets the first row's column of the same number.
sub bind_param_inout {
    my ( $sth, $name, $ref, $length, $attributes ) = @_;
    my $number = $sth->_number_of($name) or return $sth->set_err( 1, "Cannot bind unknown placeholder '$name'" );
    return $sth->set_err( 1, 'bind_param_inout needs a reference to a scalar value' ) if ref $ref ne 'SCALAR';
    $sth->{_inout}{$number} = $ref;
    return $sth->bind_param( $name, $$ref, $attributes );
}

sub execute {
    my ( $sth, @values ) = @_;
    my $inout = $sth->{_inout};
    for my $number ( $inout ? keys %$inout : () ) {
        if   (@values) { $values[ $number - 1 ] = ${ $inout->{$number} } }
        else           { $sth->{_params}[ $number - 1 ][0] = ${ $inout->{$number} } }
    }
    if ( !@values && grep { !defined } @{ $sth->{_params} }[ 0 .. $#{ $sth->{_names} } ] ) {
        return $sth->set_err( 7, 'execute called with an unbound placeholder' );
    }
    if ( CPANBridge::Compat::DBI::PgAsync::is_async( $sth->{pg_async} ) ) {
        my $arguments = $sth->_arguments(@values) or return;
        return CPANBridge::Compat::DBI::PgAsync::start( $sth, $sth->{pg_async}, %$arguments );
    }
    my $result = $sth->SUPER::execute(@values);
    $sth->_unfold if $inout;
    if ( $inout && $result && ( my $row = $sth->{_rows} && $sth->{_rows}[0] ) ) {
        for my $number ( grep { $_ <= @$row } keys %$inout ) { ${ $inout->{$number} } = $row->[ $number - 1 ] }
    }
    return $result;
}

# The server tells of the columns when the statement is executed.
sub _describe { return }

sub _number_of {
    my ( $sth, $name ) = @_;
    $name = $1 if $name =~ /\A\$(\d+)\z/ && !grep { $_ eq $name } @{ $sth->{_names} };
    return $sth->SUPER::_number_of( $name =~ /\A\d+\z/ || $name =~ /\A[:\$]/ ? $name : ":$name" );
}

sub _take {
    my ( $sth, $answer ) = @_;
    @$sth{qw(_types _modifiers pg_cmd_status pg_size _origins)} = @$answer{qw(types modifiers status sizes origins)};
    delete @$sth{qw(_cancelled _canonical _chop)};
    my $result = $sth->SUPER::_take($answer);
    $sth->STORE( Active => 0 ) if $answer->{columns} && !CPANBridge::Compat::DBI::Remote::st::_count($answer) && !$answer->{more};
    return $result;
}

# ChopBlanks is for columns of a fixed width, whose blanks the server adds; those of others are the program's own.
my $FIXED = 1042;

sub _convert {
    my ( $sth, $row ) = @_;
    local $sth->{ChopBlanks} = 0;
    my $chop = $sth->{_chop} ||= [ grep { $sth->{_types}[$_] == $FIXED } 0 .. $#{ $sth->{_types} || [] } ];
    defined && s/ +\z// for @$row[@$chop];
    return $sth->SUPER::_convert($row);
}

# As bind_param takes them: DBI's number where the type has one.
sub _param_types {
    my ($sth) = @_;
    my $names = $sth->{_names};
    return {
        map {
            my $bound = $sth->{_params}[$_];
            my $type  = $bound && $bound->[1];
            my $dbi   = $type && CPANBridge::Compat::DBI::PgTypes::dbi_type($type);
            ( $names->[$_] => $type ? { $dbi ? ( TYPE => $dbi ) : ( pg_type => $type ) } : undef )
        } 0 .. $#$names
    };
}

my %OF_COLUMNS = map { ( $_ => 1 ) } qw(TYPE NULLABLE PRECISION SCALE pg_type);

sub FETCH {
    my ( $sth, $name ) = @_;
    if ( $name eq 'ParamTypes' ) { return $sth->_param_types }
    return if $OF_COLUMNS{$name} && !$sth->{pg_cmd_status};
    my $types = $sth->{_types} || [];
    return [ map { CPANBridge::Compat::DBI::PgTypes::dbi_type($_) } @$types ] if $name eq 'TYPE';
    return [ map { CPANBridge::Compat::DBI::PgTypes::name($_) } @$types ]     if $name eq 'pg_type';
    return $sth->_nullable if $name eq 'NULLABLE';
    if ( $name eq 'Active' ) { return $sth->{Active} ? 1 : '' }
    if ( $name eq 'ParamValues' ) {    # all of them are text for the server, and shown so
        my $values = $sth->SUPER::FETCH($name) || return;
        return { map { my $value = $values->{$_}; ( $_ => defined $value && !ref $value ? "$value" : $value ) } keys %$values };
    }
    if ( $name eq 'NUM_OF_FIELDS' ) { return $sth->SUPER::FETCH($name) || undef }    # of what returns no rows: programs ask whether it is defined
    if ( $name eq 'pg_oid_status' ) { return ( $sth->{pg_cmd_status} || '' ) =~ /\AINSERT (\d+)/ ? $1 : undef }
    return { map { ( $sth->{_names}[$_] => $sth->{_params}[$_] && @{ $sth->{_params}[$_] } ? 1 : 0 ) } 0 .. $#{ $sth->{_names} } } if $name eq 'pg_bound';
    return $sth->{Active} && $sth->_fetched || 0 if $name eq 'pg_current_row';
    return $sth->{Database}{pg_async_status} if $name eq 'pg_async_status';
    return CPANBridge::Compat::DBI::PgTypes::sizes( $name, $types, $sth->{_modifiers} ) if $name eq 'PRECISION' || $name eq 'SCALE';
    return scalar grep { defined && @$_ } @{ $sth->{_params} } if $name eq 'pg_numbound';
    return $sth->SUPER::FETCH($name);
}

# The columns of tables that columns of the result come from, as the server tells.
sub pg_canonical_ids {
    my ($sth) = @_;
    return [ map { $_->[0] ? [@$_] : undef } @{ $sth->{_origins} || [] } ];
}

sub pg_canonical_names {
    my ($sth) = @_;
    return [ map { $_ ? $_->[0] : undef } @{ $sth->_canonical } ];
}

# The server does not tell of other columns whether they can be null: 2.
sub _nullable {
    my ($sth) = @_;
    return [ map { $_ ? ( $_->[1] ? 0 : 1 ) : 2 } @{ $sth->_canonical } ];
}

# [ its whole name, whether it is NOT NULL ] of the table's column that each column comes from.
sub _canonical {
    my ($sth) = @_;
    return $sth->{_canonical} ||= do {
        my $dbh = $sth->{Database};
        my %known;
        [
            map {
                my ( $table, $column ) = @$_;
                $table
                  ? $known{"$table.$column"} ||= $dbh->selectrow_arrayref(
                    q{SELECT n.nspname || '.' || c.relname || '.' || a.attname, CASE WHEN a.attnotnull THEN 1 ELSE 0 END
                    FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
                    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1 AND a.attnum = $2}, undef, $table, $column
                  )
                  : undef
            } @{ $sth->{_origins} || [] }
        ];
    };
}

1;

__END__

=encoding utf8

=head1 NAME

DBD::Pg - PostgreSQL databases for DBI, served by CPANBridge

=head1 SYNOPSIS

    use DBI;
    my $dbh = DBI->connect( 'dbi:Pg:dbname=stock;host=db', 'user', 'password', { RaiseError => 1 } );

=head1 DESCRIPTION

The interface of DBD::Pg 3.18 on Python's psycopg, in the daemon. What libpq would take from the environment (C<PGHOST>,
C<PGUSER>, C<PGPASSWORD>, ...) and from F<~/.pgpass> is the program's, not the daemon's. For a program that runs as another user
than the daemon, the daemon connects only to servers that its setting C<[modules.database] servers> names: by its Unix socket a
server takes whoever connects for the daemon's user.

=head1 COVERED

Connecting; C<prepare>, C<execute>, C<do> (several statements where there are no values) and all of DBI's ways to fetch;
placeholders C<?>, C<$1> and C<:name>, C<\?> for operators, C<pg_placeholder_dollaronly>, C<pg_placeholder_nocolons>; C<bind_param>
with C<pg_type> or DBI's types; the constants of C<:pg_types>; arrays in both directions (C<pg_expand_array>), C<bytea>,
C<pg_bool_tf>, C<pg_enable_utf8>; C<AutoCommit>, C<begin_work>, C<commit>, C<rollback>, C<pg_savepoint>, C<pg_rollback_to>,
C<pg_release>, asynchronous statements (C<pg_async>, C<pg_ready>, C<pg_result>, C<pg_cancel>), C<pg_socket>, C<cancel> from a signal handler, C<ReadOnly>; C<pg_notifies>, C<pg_ping>, C<pg_error_field>, C<COPY> by C<pg_putcopydata>, C<pg_putcopyend> and C<pg_getcopydata>, C<last_insert_id>; C<table_info>, C<tables>, C<column_info>,
C<primary_key_info>, C<foreign_key_info>, C<type_info>, C<get_info>, C<quote>; large objects by the methods C<pg_lo_...>; C<bind_param_inout>, C<$DBDPG_DEFAULT>, C<statistics_info>,
C<pg_canonical_ids>, C<pg_canonical_names>; attributes C<pg_server_version>,
C<pg_pid>, C<pg_db>, C<pg_host>, C<pg_port>, C<pg_user>, C<pg_type>, C<pg_cmd_status>, C<pg_numbound>.

=head1 NOT COVERED

C<pg_server_trace> sets an error that says so.
C<pg_server_prepare>, C<pg_prepare_now> and C<pg_switch_prepared> are kept and change little: the server prepares each
statement when it is executed. Traces do not name what the original names in them.

=head1 KNOWN DIFFERENCES

=over 4

=item *

C<pg_socket> and C<getfd> are a descriptor to wait for and nothing else: it can be read when the server has sent a notification, when what
C<pg_async> began has ended, and now and then when a statement has been executed since; C<pg_notifies>, C<pg_ready> and C<pg_result> say
which, and read it out. It is a connection to the daemon of its own.

=item *

The columns of a statement are known once it has been executed.

=item *

The rows of a C<SELECT> are taken from the server while they are fetched. C<rows> is their number unless they are
more than about 8 MiB: then it is -1 until the last has been fetched. Another statement on the same handle has the
rest of them kept in the daemon.

=item *

C<ReadOnly> counts while C<AutoCommit> is on, too: the server then refuses to write, where the original lets it.

=item *

The daemon gives each connection a C<statement_timeout> of its setting C<statement_seconds>.

=back

=head1 SEE ALSO

L<DBI>, L<CPANBridge::Compat>

=cut
