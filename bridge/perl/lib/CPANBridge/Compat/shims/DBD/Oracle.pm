package DBD::Oracle;

use 5.014;
use strict;
use warnings;

use Carp ();
use DBI ();
use Exporter ();

use CPANBridge::Bytes;
use CPANBridge::Compat::DBI::OracleCatalog;
use CPANBridge::Compat::DBI::OracleConnect;
use CPANBridge::Compat::DBI::OracleStatement;
use CPANBridge::Compat::DBI::OracleTypes;
use CPANBridge::Compat::DBI::Remote;

our $VERSION = '1.83';
our @ISA     = 'Exporter';

$Carp::Internal{$_}++ for 'DBD::Oracle', map { "DBD::Oracle::$_" } qw(dr db st);

our %EXPORT_TAGS = CPANBridge::Compat::DBI::OracleTypes::define(__PACKAGE__);
our @EXPORT_OK   = ( 'ORA_OCI', map { @$_ } values %EXPORT_TAGS );

# The daemon's connections cannot be shared between threads.
sub ora_shared_release { return }

# Oracle's libraries may see another environment than Perl; there are none here.
sub ora_env_var { my ($name) = @_; return $ENV{$name} }
sub ora_cygwin_set_env { my ( $name, $value ) = @_; $ENV{$name} = $value; return }
push @EXPORT_OK, qw(ora_shared_release ora_env_var ora_cygwin_set_env);

# DBI's usual number of an error, 1, is a duplicate key here. Where the daemon cannot be asked, programs that look for numbers of
# Oracle's find "end-of-file on communication channel".
my %NUMBER = ( _own_error => $DBI::stderr, _lost_error => 3113 );
sub _numbers { return %NUMBER }

my $drh;

sub driver {
    return $drh if $drh;
    my ( $class, $attributes ) = @_;
    DBD::Oracle::db->install_method("ora_$_") for qw(lob_read lob_write lob_append lob_trim lob_length lob_chunk_size lob_is_init
      nls_parameters can_unicode can_taf db_startup db_shutdown);
    DBD::Oracle::st->install_method($_) for qw(ora_fetch_scroll ora_scroll_position ora_stmt_type ora_stmt_type_name bind_param_inout_array);
    return $drh = DBI::_new_drh( "${class}::dr",
        { Name => 'Oracle', Version => $VERSION, Attribution => 'the interface of DBD::Oracle, served by CPANBridge', %NUMBER } );
}

sub CLONE { undef $drh; return }

package    # not to be indexed
  DBD::Oracle::dr;

use strict;
use warnings;

# Numbers of errors that are found before there is a connection.
my $NAMELESS = qr/\AORA-0*([1-9][0-9]*):/;

sub connect {
    my ( $drh, $dsn, $user, $password, $attributes ) = @_;
    my ( $database, $parameters ) = CPANBridge::Compat::DBI::OracleConnect::target( $dsn, $user, $password, $attributes );
    my $charset = eval { [ CPANBridge::Compat::DBI::OracleConnect::charset($attributes) ] };
    if ( !$charset ) { chomp( $parameters = $@ ); undef $database }
    if ( !defined $database ) {
        my ($number) = $parameters =~ $NAMELESS;
        return $drh->set_err( $number || $DBI::stderr, "$parameters (DBD ERROR: OCIServerAttach)" );
    }
    my ( $outer, $dbh ) = CPANBridge::Compat::DBI::Remote::connect(
        $drh,
        defined $dsn ? $dsn : '',
        {
            AutoCommit => 1, DBD::Oracle::_numbers(), _charset => $charset->[0], _settings => '1,1', ora_parse_error_offset => undef,
            ora_array_chunk_size => 1000, ora_driver_name => CPANBridge::Compat::DBI::OracleConnect::driver_name($attributes)
        },
        { driver => 'oracle', database => $database, parameters => $parameters }
    );
    return if !$outer;
    $dbh->{Username} = $dbh->{_info}{user} if defined $dbh->{_info}{user};
    $dbh->{USER} = $dbh->{CURRENT_USER} = uc $parameters->{user};
    return $outer;
}

sub data_sources { return map {"dbi:Oracle:$_"} CPANBridge::Compat::DBI::OracleNames::names() }

package    # not to be indexed
  DBD::Oracle::db;

use strict;
use warnings;

our @ISA = ( 'CPANBridge::Compat::DBI::OracleCatalog', 'CPANBridge::Compat::DBI::Remote::db' );

sub prepare {
    my ( $dbh, $sql, $attributes ) = @_;
    $sql = '' if !defined $sql;
    my %given = %{ ref $attributes eq 'HASH' ? $attributes : {} };
    $dbh->_settings( map { exists $given{$_} ? $given{$_} ? 1 : 0 : 1 } qw(ora_check_sql ora_placeholders) ) or return;
    my $answer = $dbh->_call( prepare => { connection => $dbh->{_connection}, sql => $dbh->_characters($sql) } ) or return;
    my ( $outer, $sth ) = DBI::_new_sth(
        $dbh,
        {
            Statement  => $sql,
            _statement => $answer->{statement},
            _names     => $answer->{parameters},
            _params    => [],
            _kind      => $answer->{kind},
            _handles   => exists $given{ora_auto_lob} && !$given{ora_auto_lob} ? 1 : 0,
            _scrolls   => $given{ora_exe_mode} && $given{ora_exe_mode} == 8 ? 1 : 0,
            map { ( $_ => $given{$_} ) } grep {/\Aora_/} keys %given,
        }
    );
    $sth->_described($answer);
    return $outer;
}

# Whether SELECTs are looked at when they are prepared, and whether there are placeholders, is the connection's setting in the daemon.
sub _settings {
    my ( $dbh, @wanted ) = @_;
    my $key = join ',', @wanted;
    return 1 if $key eq $dbh->{_settings};
    my %settings = ( check => $wanted[0] ? \1 : \0, placeholders => $wanted[1] ? \1 : \0 );
    $dbh->_call( set => { connection => $dbh->{_connection}, settings => \%settings } ) or return;
    return $dbh->{_settings} = $key;
}

# Strings are characters; those of a program with another character set than Unicode's are bytes of that.
sub _characters {
    my ( $dbh, $text ) = @_;
    return $text if utf8::is_utf8($text);
    if   ( $dbh->{_charset} ) { $text = $dbh->{_charset}->decode($text) }
    else                      { utf8::decode($text) }
    return $text;
}

sub _decode_text {
    my ($dbh) = @_;
    $_[1] = $dbh->{_charset}->encode( $_[1] ) if $dbh->{_charset} && utf8::is_utf8( $_[1] );
    return;
}

sub _encode {
    my ( $dbh, $value, $type, $sth ) = @_;
    if ( ref $value ) {
        return [ map { defined $_ ? scalar $dbh->_encode($_) : undef } @$value ] if ref $value eq 'ARRAY';
        return { __lob__ => $$value } if ref $value eq 'OCILobLocatorPtr';
        my $cursor = CPANBridge::Compat::DBI::OracleStatement::_cursor_of($value);
        return { __statement__ => $cursor } if defined $cursor;
        die "Cannot bind a reference\n" if ref $value eq 'HASH' || ref $value eq 'CODE' || ref $value eq 'SCALAR';
    }
    if ( CPANBridge::Compat::DBI::OracleTypes::is_bytes($type) ) {
        my $bytes = "$value";
        utf8::downgrade( $bytes, 1 ) or utf8::encode($bytes);
        if ( $type == 24 ) {    # a LONG RAW is hexadecimal, in both directions
            die "ORA-01465: invalid hex number: a LONG RAW is bound as hexadecimal digits\n" if $bytes !~ /\A(?:[0-9A-Fa-f]{2})*\z/;
            $bytes = pack 'H*', $bytes;
        }
        return CPANBridge::Bytes->new($bytes);
    }
    return $dbh->_characters("$value");
}

sub _decode {
    my ( $dbh, $answer ) = @_;
    my $charset = $dbh->{_charset} or return;
    for my $row ( @{ $answer->{rows} } ) {
        for (@$row) { $_ = $charset->encode($_) if defined && utf8::is_utf8($_) }
    }
    return;
}

sub _column_names {
    my ( $dbh, $names ) = @_;
    return $dbh->{_charset} ? [ map { $dbh->{_charset}->encode($_) } @$names ] : $names;
}

# Of several tuples some have failed; what is told of each stands in its status.
sub _failed {
    my ($dbh) = @_;
    my $sth = $dbh->{_in_array} or return;
    $sth->set_err( '0', 'ORA-24381: error(s) in array DML (DBD SUCCESS_WITH_INFO: OCIStmtExecute)' );
    return;
}

sub do {
    my ( $dbh, $sql, $attributes, @values ) = @_;
    $sql = '' if !defined $sql;
    $dbh->{Statement} = $sql;
    if ( @values || $attributes && grep {/\Aora_/} keys %$attributes ) {
        my $sth = $dbh->prepare( $sql, $attributes ) or return;
        my $inner = CPANBridge::Compat::DBI::Handle::inner($sth);
        my $result = $inner->execute(@values);
        $inner->finish;
        return $result;
    }
    my $answer = $dbh->_call( run => { connection => $dbh->{_connection}, sql => $dbh->_characters($sql), values => [], rows => 1, verbatim => \1 } ) or return;
    $dbh->_note($answer);
    $dbh->{_link}->release( database => $answer->{statement} ) if $answer->{statement};
    $dbh->set_err( '0', $answer->{warning} ) if $answer->{warning};
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
    if ( $dbh->FETCH('AutoCommit') ) {
        Carp::carp("$what ineffective with AutoCommit enabled") if $dbh->{Warn};
        return 1;
    }
    $dbh->_call( $what => { connection => $dbh->{_connection} } ) or return;
    $dbh->{_in_transaction} = 0;
    return 1;
}

my %TOLD = ( ora_module_name => 'module', ora_action => 'action', ora_client_info => 'client_info', ora_client_identifier => 'client_identifier' );

sub STORE {
    my ( $dbh, $name, $value ) = @_;
    return $dbh->_set_autocommit($value) if $name eq 'AutoCommit';
    if ( $dbh->{_link} && $TOLD{$name} ) {
        my $text = $dbh->_characters( defined $value ? "$value" : '' );
        $dbh->_call( set => { connection => $dbh->{_connection}, settings => { $TOLD{$name} => $text } } ) or return;
    }
    if ( $name eq 'ReadOnly' && $value && $dbh->{_link} ) { $dbh->do('SET TRANSACTION READ ONLY') or return }
    if ( $name eq 'ora_ph_type' && $value && $value !~ /\A(?:1|5|96|97)\z/ ) {
        Carp::croak("ora_ph_type must be ORA_VARCHAR2, ORA_STRING, ORA_CHAR or ORA_CHARZ, not $value");
    }
    return $dbh->SUPER::STORE( $name, $value );
}

sub FETCH {
    my ( $dbh, $name ) = @_;
    return $dbh->{_autocommit} ? 1 : '' if $name eq 'AutoCommit';
    return $dbh->{_error_offset} if $name eq 'ora_parse_error_offset';
    return $dbh->{ora_ph_type} || 1 if $name eq 'ora_ph_type';
    return $dbh->SUPER::FETCH($name);
}

sub private_attribute_info {
    return {
        map { ( $_ => undef ) }
          qw(ora_action ora_array_chunk_size ora_client_identifier ora_client_info ora_connect_with_default_signals ora_drcp ora_drcp_class
          ora_drcp_incr ora_drcp_max ora_drcp_min ora_driver_name ora_module_name ora_ncs_buff_mtpl ora_objects ora_oci_success_warn
          ora_parse_error_offset ora_ph_type ora_session_mode ora_verbose)
    };
}

# --- what the server tells of itself ---

sub ora_nls_parameters {
    my ( $dbh, $again ) = @_;
    if ( $again || !$dbh->{ora_nls_parameters} ) {
        my $rows = $dbh->selectall_arrayref('SELECT parameter, value FROM v$nls_parameters') or return;
        $dbh->{ora_nls_parameters} = { map { @$_[ 0, 1 ] } @$rows };
    }
    return { %{ $dbh->{ora_nls_parameters} } };
}

sub ora_can_unicode {
    my ( $dbh, $again ) = @_;
    my $nls = $dbh->ora_nls_parameters($again) or return;
    my $can = 0;
    $can |= 2 if ( $nls->{NLS_CHARACTERSET}       || '' ) =~ /UTF/;
    $can |= 1 if ( $nls->{NLS_NCHAR_CHARACTERSET} || '' ) =~ /UTF/;
    return $can;
}

sub ora_can_taf { return 0 }

sub ora_server_version { my ($dbh) = @_; return [ split /\./, $dbh->{_info}{version} || '' ] }

for my $name (qw(ora_db_startup ora_db_shutdown reauthenticate)) {
    no strict 'refs';
    *$name = sub { return $_[0]->set_err( $DBI::stderr, "CPANBridge: $name is not supported" ) };
}

# --- PL/SQL ---

# The errors of what was compiled last, as SQL*Plus shows them.
sub plsql_errstr {
    my ($dbh) = @_;
    my $rows = $dbh->selectall_arrayref(
        'SELECT e.type, e.name, e.line, e.position, e.text FROM user_errors e JOIN user_objects o ON o.object_name = e.name AND o.object_type = e.type '
          . 'WHERE o.last_ddl_time = (SELECT MAX(n.last_ddl_time) FROM user_objects n WHERE n.object_type IN '
          . q{('FUNCTION', 'PACKAGE', 'PACKAGE BODY', 'PROCEDURE', 'TRIGGER', 'TYPE', 'TYPE BODY')) ORDER BY e.type, e.name, e.sequence}
    ) or return;
    my ( $text, $of ) = ( '', '' );
    for my $row (@$rows) {
        my ( $type, $name, $line, $position, $error ) = @$row;
        if ( "$type $name" ne $of ) { $of = "$type $name"; $text .= ( length $text ? "\n" : '' ) . "Errors for $of:" }
        $text .= "\n$line.$position: $error";
    }
    return $text;
}

sub dbms_output_enable {
    my ( $dbh, $size ) = @_;
    $size = 20_000 if !defined $size;
    my $sth = $dbh->prepare('BEGIN dbms_output.enable(:1); END;') or return;
    return CPANBridge::Compat::DBI::Handle::inner($sth)->execute($size) ? 1 : undef;
}

sub dbms_output_put {
    my ( $dbh, @lines ) = @_;
    my $sth = $dbh->prepare('BEGIN dbms_output.put_line(:1); END;') or return;
    my $inner = CPANBridge::Compat::DBI::Handle::inner($sth);
    for my $line (@lines) { $inner->execute($line) or return }
    return 1;
}

sub dbms_output_get {
    my ($dbh) = @_;
    my $lines = $dbh->_call( dbms_output => { connection => $dbh->{_connection}, most => wantarray ? 0 : 1 } );
    return if !ref $lines;
    $dbh->_decode_text($_) for @$lines;
    return wantarray ? @$lines : $lines->[0];
}

# --- LOBs ---

# Returns the number of a LOB; nothing after an error.
sub _lob {
    my ( $dbh, $lob, $name ) = @_;
    return $$lob if ref $lob eq 'OCILobLocatorPtr';
    return $dbh->set_err( $DBI::stderr, "DBD::Oracle::db::ora_lob_$name: locator is not of type OCILobLocatorPtr" );
}

sub ora_lob_read {
    my ( $dbh, $lob, $offset, $length ) = @_;
    my $number = $dbh->_lob( $lob, 'read' ) or return;
    return if !$length;
    my $data = $dbh->_call( lob_read => { lob => $number, offset => $offset + 0, amount => $length + 0 } );
    return if !defined $data;
    $data = "$data";
    $dbh->_decode_text($data) if !$lob->_is_binary;
    return $data;
}

sub ora_lob_write {
    my ( $dbh, $lob, $offset, $data ) = @_;
    return $dbh->set_err( $DBI::stderr, 'ora_lob_write: offsets count from 1' ) if !$offset || $offset < 1;
    return $dbh->_lob_write( $lob, $offset, $data, 'write' );
}

sub ora_lob_append { my ( $dbh, $lob, $data ) = @_; return $dbh->_lob_write( $lob, 0, $data, 'append' ) }

sub _lob_write {
    my ( $dbh, $lob, $offset, $data, $name ) = @_;
    my $number = $dbh->_lob( $lob, $name ) or return;
    return 1 if !defined $data || !length $data;
    my $sent = $dbh->_encode( $data, $lob->_is_binary ? 113 : 0 );
    return defined $dbh->_call( lob_write => { lob => $number, data => $sent, offset => $offset + 0 } ) ? 1 : undef;
}

sub ora_lob_trim {
    my ( $dbh, $lob, $length ) = @_;
    my $number = $dbh->_lob( $lob, 'trim' ) or return;
    return $dbh->_call( lob_trim => { lob => $number, size => $length + 0 } ) ? 1 : undef;
}

sub ora_lob_length {
    my ( $dbh, $lob ) = @_;
    my $number = $dbh->_lob( $lob, 'length' ) or return;
    my $about = $dbh->_call( lob_info => { lob => $number } ) or return;
    return $about->{size};
}

sub ora_lob_chunk_size {
    my ( $dbh, $lob ) = @_;
    my $number = $dbh->_lob( $lob, 'chunk_size' ) or return;
    my $about = $dbh->_call( lob_info => { lob => $number } ) or return;
    return $about->{chunk};
}

sub ora_lob_is_init { my ( $dbh, $lob ) = @_; return $dbh->_lob( $lob, 'is_init' ) ? 1 : undef }

package    # not to be indexed
  DBD::Oracle::st;

use strict;
use warnings;

our @ISA = 'CPANBridge::Compat::DBI::OracleStatement';

1;

__END__

=encoding utf8

=head1 NAME

DBD::Oracle - Oracle databases for DBI, served by CPANBridge

=head1 SYNOPSIS

    use DBI;
    my $dbh = DBI->connect( 'dbi:Oracle:host=db;service_name=stock', 'scott', 'tiger', { RaiseError => 1 } );

    use DBD::Oracle qw(:ora_types);
    my $sth = $dbh->prepare('BEGIN :total := stock.total(:item); END;');
    $sth->bind_param( ':item', 7 );
    $sth->bind_param_inout( ':total', \my $total, 40 );
    $sth->execute;

=head1 DESCRIPTION

The interface of DBD::Oracle 1.83 on Python's oracledb, in the daemon, in its thin mode: no client of Oracle's is needed, on either side.
For a program that runs as another user than the daemon, the daemon connects only to servers that its setting
C<[modules.database] servers> names.

B<This replacement has never run against an Oracle server.> There was none to try it with: it was written by the documentation of
oracledb and of DBD::Oracle, and tested with a stand-in for oracledb's connections. L</WHAT TO CHECK FIRST> names what to look at.

=head1 COVERED

=head2 Connecting

    dbi:Oracle:NAME                                     an entry of tnsnames.ora
    dbi:Oracle:host=db;port=1521;sid=ORCL               also service_name=, server=
    dbi:Oracle://db:1521/service                        also db:1521/service
    dbi:Oracle:(DESCRIPTION=(ADDRESS=...)...)
    dbi:Oracle:                                         TWO_TASK, or ORACLE_SID; or the user says user@NAME

The user may be C<user/password> or C<user/password@database>. F<tnsnames.ora> is read by the program, with its rights, in C<TNS_ADMIN>,
F<$ORACLE_HOME/network/admin> and F</etc>, before them F<~/.tnsnames.ora>; C<IFILE>, and C<NAMES.DEFAULT_DOMAIN> of F<sqlnet.ora>, count. A
name that is in F</etc/oratab>, or is C<ORACLE_SID>, and in no F<tnsnames.ora>, is a database of this machine, at port 1521.
C<ora_session_mode>, C<ora_drcp>, C<ora_drcp_class> and C<:POOLED>, C<ora_driver_name>, C<ora_module_name>, C<ora_action>,
C<ora_client_info>, C<ora_client_identifier>.

=head2 Statements

Placeholders C<?>, C<:name> and C<:1>; C<bind_param> with C<ora_type>, C<ora_csform> or DBI's types; C<bind_param_inout> for what PL/SQL
or C<RETURNING ... INTO> brings, C<bind_param_inout_array>; PL/SQL tables as C<ORA_VARCHAR2_TABLE> and C<ORA_NUMBER_TABLE>; REF CURSORs as
statement handles, in both directions (C<ORA_RSET>), and as columns; C<execute_array> in one message, with the error of each tuple;
C<ora_check_sql>, C<ora_placeholders>, C<ora_auto_lob>, C<ora_ph_type>; scrolling (C<ora_exe_mode>, C<ora_fetch_scroll>), in rows that are
all fetched first. C<ora_rowid>, C<ora_types>, C<ora_lengths>, C<ora_stmt_type>, C<ora_parse_error_offset>.

=head2 Values

C<NUMBER> as text with all its digits, as Oracle shows it (C<.5>), with the session's decimal point. C<DATE> and C<TIMESTAMP> as the
session's C<NLS_DATE_FORMAT>, C<NLS_TIMESTAMP_FORMAT> and C<NLS_DATE_LANGUAGE> say, also after they were changed. An empty string is
null. C<RAW> and C<LONG RAW> are hexadecimal, as is what is bound as C<ORA_LONGRAW>. CLOB, BLOB and LONG come as far as C<LongReadLen> says, or an error is set unless C<LongTruncOk>. With
C<ora_auto_lob> off, LOBs are handles for C<ora_lob_read>, C<ora_lob_write>, C<ora_lob_append>, C<ora_lob_trim>, C<ora_lob_length> and
C<ora_lob_chunk_size>. Objects and collections are arrays.

Strings are characters, where C<NLS_LANG> (or C<ora_charset>) is not set, or names a character set of Unicode; otherwise they are bytes
of the character set that it names.

=head2 The rest

C<AutoCommit>, C<begin_work>, C<commit>, C<rollback>, C<ReadOnly>, C<ping>; C<err> is the number after C<ORA->, C<errstr> ends with
C<(DBD ERROR: ...)>; C<table_info>, C<column_info>, C<primary_key_info>, C<foreign_key_info>, C<statistics_info>, C<type_info>,
C<get_info>, C<data_sources>; C<plsql_errstr>, C<dbms_output_enable>, C<dbms_output_put>, C<dbms_output_get>, C<ora_nls_parameters>,
C<ora_can_unicode>, C<ora_server_version>.

=head1 NOT COVERED

Logging on by the operating system's user (C</>), wallets of Oracle's own form, LDAP and Oracle Names, connections without a listener,
native network encryption, servers before 12.1: oracledb's thin mode has none of these. C<ora_taf_function> and failing over,
C<ora_dbh_share>, C<reauthenticate>, C<ora_db_startup>, C<cancel>, C<ora_objects>, objects as values to bind, Oraperl, C<ORA_XMLTYPE> values of more
than a string's size. The attributes of row caches, piecewise LOBs and OCI are kept and change nothing.

=head1 ENVIRONMENT

C<TNS_ADMIN>, C<ORACLE_HOME>, C<TWO_TASK>, C<ORACLE_SID>, C<NLS_LANG>, C<NLS_DATE_FORMAT> and the other C<NLS_...>, C<ORA_SDTZ>, C<ORA_DRCP>,
C<ORA_DRCP_CLASS>: the program's, never the daemon's. Without C<NLS_LANG> the session's language and territory are AMERICAN and AMERICA.

=head1 WHAT TO CHECK FIRST

=over 4

=item *

Numbers and dates in your session's formats: C<NLS_DATE_FORMAT>, a C<NUMBER> with many digits, one with a comma as the decimal point,
intervals, C<BINARY_DOUBLE>, and whether a C<TIMESTAMP WITH LOCAL TIME ZONE> comes in the session's time zone.

=item *

Texts that are not ASCII, in both directions; with C<NVARCHAR2> C<< ora_csform => SQLCS_NCHAR >>.

=item *

Your PL/SQL: values that come back, cursors, tables; C<RETURNING ... INTO>.

=item *

CLOBs and BLOBs of more than 32 KB.

=item *

C<execute_array> with a tuple that fails, and what is committed then.

=item *

What happens to a statement that runs longer than the daemon's C<statement_seconds>, and when the program is ended during one.

=item *

The number and text of the errors that your program looks for.

=back

=head1 KNOWN DIFFERENCES

=over 4

=item *

The zone of a C<TIMESTAMP WITH TIME ZONE> is not told by oracledb, nor is more than microseconds. Where the session's format would show them
an error is set (ORA-01821), which says to select C<TO_CHAR(...)>. So it is with the elements C<DL>, C<DS>, C<TS>, C<YEAR>, C<SP> and eras of
date formats. Named time zones in data are an error of oracledb's.

=item *

C<BINARY_FLOAT> and C<BINARY_DOUBLE> are shown as short as their value allows, not as C<1.5E+000>.

=item *

Of several rows that C<RETURNING ... INTO> brings, a scalar gets the first; a scalar that holds a reference to an array has all in that.

=item *

Errors that oracledb finds have the number that Oracle's clients have for the same, or 100,000 and oracledb's own. Where the daemon cannot
be reached C<err> is 3113; what else the bridge refuses has DBI's own 2,000,000,000.

=item *

The session's NLS settings are set when connecting, whether or not C<NLS_LANG> is set. Its time zone is the program's.

=item *

The daemon ends a statement that runs longer than its setting C<statement_seconds> (ORA-01013).

=item *

A statement handle for a REF CURSOR cannot be executed again.

=item *

C<blob_read> reads no further than C<LongReadLen> has let a value through. The status of a tuple of C<execute_array> that went well is its
number of rows, not -1.

=back

=head1 SEE ALSO

L<DBI>, L<CPANBridge::Compat>

=cut
