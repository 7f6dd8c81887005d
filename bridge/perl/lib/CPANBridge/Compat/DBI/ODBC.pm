package CPANBridge::Compat::DBI::ODBC;

use strict;
use warnings;

use Carp ();
use File::Spec ();

use CPANBridge::Bytes;
use CPANBridge::Compat::DBI::ODBCCatalog;
use CPANBridge::Compat::DBI::ODBCStatement;
use CPANBridge::Compat::DBI::ODBCTypes;
use CPANBridge::Compat::DBI::Remote;
use CPANBridge::Compat::Link;

our $VERSION = '0.1.0';

$Carp::Internal{$_}++ for __PACKAGE__, map { __PACKAGE__ . "::$_" } qw(dr db common);

# Attributes that can be asked for although nobody has set them. Those of the first line do something here.
my %DEFAULT = (
    odbc_ignore_named_placeholders => 0, odbc_default_bind_type => 0, odbc_force_bind_type => 0, odbc_query_timeout => 0,
    odbc_utf8_on => 0, odbc_describe_parameters => 1, odbc_exec_direct => 0, odbc_err_handler => undef,
    odbc_force_rebind => 0, odbc_async_exec => 0, odbc_putdata_start => 32_768, odbc_column_display_size => 2001, odbc_batch_size => 10,
    odbc_array_operations => 0, odbc_trace => 0, odbc_trace_file => '', odbc_cursortype => undef, odbc_version => undef,
    odbc_driver_complete => undef, odbc_taf_callback => undef, odbc_SQL_ROWSET_SIZE => undef,
);
my @OF_STATEMENTS = qw(odbc_ignore_named_placeholders odbc_default_bind_type odbc_force_bind_type odbc_query_timeout odbc_utf8_on
  odbc_describe_parameters odbc_exec_direct odbc_force_rebind odbc_async_exec odbc_putdata_start odbc_column_display_size odbc_batch_size
  odbc_array_operations);

sub defaults      { return \%DEFAULT }
sub of_statements { return @OF_STATEMENTS }

# The words of a connection string, where it is one: "DSN=stock;UID=me;PWD={a;b}". A value in braces may hold anything.
sub parse_dsn {
    my ( undef, $dsn ) = @_;
    $dsn = '' if !defined $dsn;
    return $dsn =~ /\A\s*(.*?)\s*\z/s ? $1 : '' if $dsn !~ /(?:\A|;)\s*(?:DSN|DRIVER|FILEDSN)\s*=/i;
    my ( %word, %known );
    while ( $dsn =~ /\G\s*;*\s*([^=;]+?)\s*=\s*(?:\{((?:[^}]|\}\})*)\}\s*|([^;]*?)\s*)(?=;|\z)/gc ) {
        my ( $name, $value ) = ( $1, defined $2 ? $2 =~ s/\}\}/}/gr : $3 );
        $word{$name} = $value if !$known{ uc $name }++;    # of several the first counts
    }
    return ( undef, \%word );
}

# Files are looked for where the program runs, not where the daemon does.
sub find_files {
    my ($words) = @_;
    my %name = map { ( uc $_ => $_ ) } keys %$words;
    for my $word (qw(DATABASE DBQ FILEDSN)) {
        my $name = $name{$word} or next;
        my $value = $words->{$name};
        next if $value eq '' || $value =~ m{\A(?:/|file:|:memory:)} || $value =~ /\A[A-Za-z]:/;
        my $is_file = $word eq 'DATABASE' ? ( $name{DRIVER} && $words->{ $name{DRIVER} } =~ /sqlite/i ) : -e $value;
        $words->{$name} = File::Spec->rel2abs($value) if $is_file;
    }
    return;
}

# --- the driver -----------------------------------------------------------------------------------------------------

package    # not to be indexed
  CPANBridge::Compat::DBI::ODBC::dr;

use strict;
use warnings;

sub connect {
    my ( $drh, $dsn, $user, $password, $attributes ) = @_;
    my ( $name, $word ) = CPANBridge::Compat::DBI::ODBC->parse_dsn($dsn);
    my %parameter = %{ $word || {} };
    my %given = map { ( uc $_ => 1 ) } keys %parameter;
    $parameter{UID} = "$user"     if defined $user     && length $user        && !$given{UID};
    $parameter{PWD} = "$password" if defined $password && length "$password" && !$given{PWD};
    CPANBridge::Compat::DBI::ODBC::find_files( \%parameter );
    my $unicode = $ENV{DBD_ODBC_UNICODE} ? 1 : 0;
    if ( !$unicode ) { utf8::decode($_) for values %parameter; utf8::decode($name) if defined $name }
    my ( $outer, $dbh ) = CPANBridge::Compat::DBI::Remote::connect(
        $drh,
        defined $dsn ? $dsn : '',
        { AutoCommit => 1, _unicode => $unicode, _sent => { named => 1, direct => 0, described => 1, query_seconds => 0 }, _changes => 0 },
        { driver => 'odbc', database => defined $name ? $name : '', parameters => \%parameter }
    );
    return if !$outer;
    $dbh->{_words} = join ';', map { uc $_ eq 'PWD' ? () : "$_=$parameter{$_}" } sort keys %parameter;
    return $outer;
}

sub data_sources {
    my ($drh) = @_;
    my $found;
    eval { $found = CPANBridge::Compat::Link->get->call( database => 'data_sources', {} ); 1 }
      or return CPANBridge::Compat::DBI::Remote::failed( $drh, $@ );
    return map {"dbi:ODBC:$_"} sort keys %$found;
}

# --- what handles of both kinds have --------------------------------------------------------------------------------

package    # not to be indexed
  CPANBridge::Compat::DBI::ODBC::common;

use strict;
use warnings;

# An error handler of ODBC's own sees what the driver has said, and may have it ignored.
sub _call {
    my ( $h, @rest ) = @_;
    my $dbh = $h->{Database} || $h;
    delete $dbh->{_diagnostics};
    my $answer = CPANBridge::Compat::DBI::Remote::call( $h, @rest );
    my $handler = $dbh->{odbc_err_handler} or return $answer;
    if ($answer) {
        if ( ref $answer eq 'HASH' ) { $handler->( @$_[ 0, 2, 1 ], 1 ) for @{ $answer->{messages} || [] } }
        return $answer;
    }
    my $told = $dbh->{_diagnostics} or return;
    my $counts;
    for my $one (@$told) { $counts = 1 if $handler->( @$one[ 0, 2, 1 ], -1 ) }
    @{ $h->{_e} } = () if !$counts;
    return;
}

sub odbc_getdiagrec {
    my ( $h, $number ) = @_;
    my $told = ( $h->{Database} || $h )->{_diagnostics} or return;
    return if $number < 1 || $number > @$told;
    return @{ $told->[ $number - 1 ] };
}

# Of the fields those that diagnostics have been kept of.
sub odbc_getdiagfield {
    my ( $h, $number, $field ) = @_;
    my $told = ( $h->{Database} || $h )->{_diagnostics} || [];
    return scalar @$told if $field == 2;
    my ( $state, $native, $text ) = $h->odbc_getdiagrec($number) or return;
    my %known = ( 4 => $state, 5 => $native, 6 => $text );
    return $known{$field} if exists $known{$field};
    return $h->set_err( 1, "odbc_getdiagfield: CPANBridge knows fields 2, 4, 5 and 6 only, not $field", 'HY091' );
}

sub parse_trace_flag {
    my ( $h, $name ) = @_;
    return 0x02_00_00_00 if $name eq 'odbcunicode';
    return 0x04_00_00_00 if $name eq 'odbcconnection';
    return DBD::_::common::parse_trace_flag( $h, $name );
}

sub _attribute {
    my ( $h, $name ) = @_;
    return $h->{$name} if exists $h->{$name};
    my $default = CPANBridge::Compat::DBI::ODBC->defaults;
    return $h->{Database}->_attribute($name) if $h->{Database} && exists $default->{$name};
    return $default->{$name};
}

# --- database handles -----------------------------------------------------------------------------------------------

package    # not to be indexed
  CPANBridge::Compat::DBI::ODBC::db;

use strict;
use warnings;

our @ISA = qw(CPANBridge::Compat::DBI::ODBC::common CPANBridge::Compat::DBI::ODBCCatalog CPANBridge::Compat::DBI::Remote::db);

sub _gone { my ( $dbh, $what ) = @_; return $dbh->set_err( 1, "$what: the database handle is not connected (SQL-08003)", '08003' ) }

# Has the daemon's side of the connection know what its own statements are to be like.
sub _settle {
    my ( $dbh, %wanted ) = @_;
    my $sent = $dbh->{_sent};
    my %new = map { ( $_ => $wanted{$_} ) } grep { !defined $sent->{$_} || $sent->{$_} ne $wanted{$_} } keys %wanted;
    return 1 if !%new;
    $dbh->{_changes}++;
    my %settings = map { ( $_ => $_ eq 'query_seconds' ? 0 + $new{$_} : $new{$_} ? \1 : \0 ) } keys %new;
    $dbh->_call( set => { connection => $dbh->{_connection}, settings => \%settings } ) or return;
    @$sent{ keys %new } = values %new;
    return 1;
}

sub prepare {
    my ( $dbh, $sql, $attributes ) = @_;
    return $dbh->_gone('prepare') if !$dbh->{Active};
    $sql = '' if !defined $sql;
    my %own = map { ( $_ => $attributes->{$_} ) } grep {/\Aodbc_/} keys %{ $attributes || {} };
    my %is = map { my $name = $_; ( $name => exists $own{$name} ? $own{$name} : $dbh->_attribute($name) ) }
      qw(odbc_ignore_named_placeholders odbc_exec_direct odbc_describe_parameters odbc_force_bind_type);
    $dbh->_settle(
        named     => $is{odbc_ignore_named_placeholders}                            ? 0 : 1,
        direct    => $is{odbc_exec_direct}                                          ? 1 : 0,
        described => $is{odbc_describe_parameters} && !$is{odbc_force_bind_type} ? 1 : 0,
    ) or return;
    my $answer = $dbh->_call( prepare => { connection => $dbh->{_connection}, sql => $dbh->_characters($sql) } ) or return;
    my $described = $answer->{types_of_parameters};
    my ($outer) = DBI::_new_sth(
        $dbh,
        {
            %own,
            Statement  => $sql,
            _statement => $answer->{statement},
            _names     => $answer->{parameters},
            _kind      => $answer->{kind},
            _described => $described,
            _loose     => !grep( { defined && $_ != 12 && $_ != -1 && $_ != 1 } @$described ),
            _types     => [],

            # What the database takes as bytes is sent as bytes.
            _params => [ map { CPANBridge::Compat::DBI::ODBCTypes::is_binary($_) ? [ undef, $_ ] : [] } @$described ],
        }
    );
    return $outer;
}

# Strings are characters; otherwise they are bytes of UTF-8, or of Latin-1 where they are none.
sub _characters {
    my ( $dbh, $text ) = @_;
    utf8::decode($text) if !$dbh->{_unicode} && !utf8::is_utf8($text);
    return $text;
}

# Where a driver takes all parameters for text, what can only be bytes is sent as bytes.
sub _encode {
    my ( $dbh, $value, $type, $sth ) = @_;
    if ( $type ? CPANBridge::Compat::DBI::ODBCTypes::is_binary($type) : $sth && $sth->{_loose} && _is_no_text($value) ) {
        my $bytes = "$value";
        if ( !utf8::downgrade( $bytes, 1 ) ) { utf8::encode($bytes) }
        return CPANBridge::Bytes->new($bytes);
    }
    return $dbh->_characters("$value");
}

sub _sends_text { my ( $dbh, $type ) = @_; return !CPANBridge::Compat::DBI::ODBCTypes::is_binary($type) }

# Neither ASCII nor UTF-8, and with characters in it that no text has.
sub _is_no_text {
    my ($value) = @_;
    return if utf8::is_utf8($value) || $value !~ /[\x80-\xff]/ || $value !~ /[\x00-\x08\x0e-\x1a\x1c-\x1f]/;
    my $copy = "$value";
    return !utf8::decode($copy);
}

sub _decode {
    my ( $dbh, $answer, $sth ) = @_;
    return if $dbh->{_unicode} || ( $sth || $dbh )->_attribute('odbc_utf8_on');
    for my $row ( @{ $answer->{rows} } ) { defined && utf8::is_utf8($_) && utf8::encode($_) for @$row }
    return;
}

sub _column_names {
    my ( $dbh, $names ) = @_;
    return $names if $dbh->{_unicode};
    return [ map { my $name = $_; utf8::encode($name) if utf8::is_utf8($name); $name } @$names ];
}

sub _failed { return }

# Without values nothing is prepared, and colons mean nothing.
sub do {
    my ( $dbh, $sql, $attributes, @values ) = @_;
    return $dbh->_gone('do') if !$dbh->{Active};
    return $dbh->SUPER::do( $sql, $attributes, @values ) if @values;
    $sql = '' if !defined $sql;
    $dbh->{Statement} = $sql;
    $dbh->_settle( query_seconds => $dbh->_attribute('odbc_query_timeout') || 0 ) or return;
    my $answer = $dbh->_call( run => { connection => $dbh->{_connection}, sql => $dbh->_characters($sql), rows => 1, verbatim => \1 } ) or return;
    $dbh->_note($answer);
    $dbh->{_link}->release( database => $answer->{statement} ) if $answer->{statement};
    return $answer->{count} || '0E0';
}

sub ping {
    my ($dbh) = @_;
    return 0 if !$dbh->{Active} || !$dbh->{_link};
    my @errors = @{ $dbh->{_e} };
    my $alive = CPANBridge::Compat::DBI::Remote::call( $dbh, alive => { connection => $dbh->{_connection} } );
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

sub STORE {
    my ( $dbh, $name, $value ) = @_;
    return $dbh->_set_autocommit($value) if $name eq 'AutoCommit';
    if ( $name eq 'ReadOnly' && $dbh->{_link} ) {
        $dbh->_call( set => { connection => $dbh->{_connection}, settings => { read_only => $value ? \1 : \0 } } ) or return;
    }
    $dbh->{_changes}++ if $name =~ /\Aodbc_/;
    return $dbh->SUPER::STORE( $name, $value );
}

my %FACT = ( DRIVER_ODBC_VER => 'odbc', DBMS_NAME => 'dbms', DBMS_VER => 'version', DRIVER_NAME => 'driver', DRIVER_VER => 'driver_version' );

sub FETCH {
    my ( $dbh, $name ) = @_;
    return $dbh->{_autocommit} ? 1 : 0 if $name eq 'AutoCommit';
    if ( $name =~ /\Aodbc_(\w+)\z/ ) {
        my $what = $1;
        return $dbh->{_unicode} if $what eq 'has_unicode';
        return $dbh->{_words}   if $what eq 'out_connect_string';
        return $dbh->{_info}{ $FACT{$1} } if $what =~ /\ASQL_(\w+)\z/ && $FACT{$1};
        return $dbh->_attribute($name);
    }
    return $dbh->SUPER::FETCH($name);
}

sub private_attribute_info {
    return { map { ( $_ => undef ) } keys %{ CPANBridge::Compat::DBI::ODBC->defaults }, qw(odbc_has_unicode odbc_out_connect_string odbc_SQL_DRIVER_ODBC_VER) };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::ODBC - handles of databases with an ODBC driver

=head1 DESCRIPTION

Used by the replacement of L<DBD::ODBC>, which says what is covered; programs have no need of it.

=head1 FUNCTIONS

=head2 parse_dsn

Returns the name of a data source; or C<undef> and the words of what is a connection string.

=head2 find_files

Makes names of files in a connection string whole paths.

=head2 defaults

Returns what attributes of DBD::ODBC's are before anybody sets them.

=head2 of_statements

Returns the names of those that statements have, too.

=head1 METHODS

=head2 connect

=head2 data_sources

=head2 prepare

=head2 do

=head2 ping

=head2 commit

=head2 rollback

=head2 STORE

=head2 FETCH

=head2 private_attribute_info

=head2 parse_trace_flag

=head2 odbc_getdiagrec

=head2 odbc_getdiagfield

Are described in L<DBI> and L<DBD::ODBC>.

=cut
