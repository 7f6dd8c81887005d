package DBD::SQLite;

use 5.014;
use strict;
use warnings;

use Carp ();
use Cwd ();
use DBI ();

use CPANBridge::Compat::DBI::Remote;
use CPANBridge::Compat::DBI::SQLiteCatalog;
use CPANBridge::Compat::DBI::SQLiteFunctions;
use CPANBridge::Compat::DBI::SQLiteValues;
use CPANBridge::JSON;
use DBD::SQLite::Constants ();

our $VERSION = '1.72';

$Carp::Internal{$_}++ for 'DBD::SQLite', map { "DBD::SQLite::$_" } qw(dr db st);

our ( $sqlite_version, $sqlite_version_number );
tie $sqlite_version,        'CPANBridge::Compat::DBI::SQLiteFunctions::Fact', 'version';
tie $sqlite_version_number, 'CPANBridge::Compat::DBI::SQLiteFunctions::Fact', 'version_number';

# What programs may put into it: collations, by name; a sub that orders two strings.
our %COLLATION;
tie %COLLATION, 'CPANBridge::Compat::DBI::SQLiteFunctions::Once';
$COLLATION{perl} = sub { $_[0] cmp $_[1] };
$COLLATION{perllocale} = sub { use locale; $_[0] cmp $_[1] };

my $drh;

sub driver {
    return $drh if $drh;
    my ( $class, $attributes ) = @_;
    for my $name (@CPANBridge::Compat::DBI::SQLiteFunctions::NAMES) { DBD::SQLite::db->install_method("sqlite_$name") }
    DBD::SQLite::st->install_method('sqlite_st_status');
    return $drh = DBI::_new_drh( "${class}::dr",
        { Name => 'SQLite', Version => $VERSION, Attribution => 'the interface of DBD::SQLite, served by CPANBridge' } );
}

sub CLONE { undef $drh; return }

sub compile_options { return CPANBridge::Compat::DBI::SQLiteFunctions::compile_options() }

sub sqlite_status { return CPANBridge::Compat::DBI::SQLiteFunctions::sqlite_status(@_) }

sub strglob { return CPANBridge::Compat::DBI::SQLiteFunctions::strglob(@_) }

sub strlike { return CPANBridge::Compat::DBI::SQLiteFunctions::strlike(@_) }

package    # not to be indexed
  DBD::SQLite::dr;

use strict;
use warnings;

sub connect {
    my ( $drh, $name, $user, $password, $attributes ) = @_;
    $attributes ||= {};
    my ( $file, $uri ) = ( defined $name ? $name : '', 0 );
    my %from_dsn;
    if ( $file =~ /\A\w+=/ ) {
        my $rest;
        for my $pair ( split /;/, $file ) {
            my ( $key, $value ) = split /=/, $pair, 2;
            if    ( $key =~ /\A(?:db(?:name)?|database)\z/ ) { $rest = $value }
            elsif ( $key eq 'uri' )                          { ( $rest, $uri ) = ( $value, 1 ) }
            elsif ( defined $value )                         { $from_dsn{$key} = $value }
        }
        $file = defined $rest ? $rest : '';
    }
    my $flags = exists $attributes->{sqlite_open_flags} ? $attributes->{sqlite_open_flags} : $from_dsn{sqlite_open_flags};
    if ( $attributes->{ReadOnly} && !defined $flags ) { $flags = 1 }
    $uri ||= defined $flags && $flags & 0x40;
    my $path = _whole( $file, $uri );
    my $read_only = defined $flags && $flags & 1;
    $path = _with_flags( $path, $flags ) if defined $flags && $path ne ':memory:' && $path ne '';
    my $mode = CPANBridge::Compat::DBI::SQLiteValues::mode_of( { %from_dsn, %$attributes } );
    my %settings = (
        text        => CPANBridge::Compat::DBI::SQLiteValues::wire_mode($mode),
        busy_ms     => 30_000,
        $read_only ? ( read_only => \1 ) : (),
    );
    my ( $outer, $dbh ) = CPANBridge::Compat::DBI::Remote::connect(
        $drh,
        defined $name ? $name : '',
        { _mode => $mode, _file => $path, AutoCommit => 1, $read_only ? ( _read_only => 1, ReadOnly => 1 ) : () },
        { driver => 'sqlite', database => _text($path), settings => \%settings }
    );
    return if !$outer;
    $dbh->{sqlite_version} = $dbh->{_info}{version};
    delete $attributes->{$_} for qw(sqlite_open_flags);
    CPANBridge::Compat::DBI::SQLiteFunctions::use_subs($dbh);
    $dbh->STORE( $_ => $from_dsn{$_} ) for grep { /\Asqlite_/ } keys %from_dsn;
    return $outer;
}

# The daemon has another working directory.
sub _whole {
    my ( $file, $uri ) = @_;
    if ( $uri && $file =~ /\Afile:/ ) {
        return $file if $file !~ m{\Afile:([^/?#:][^?#]*)(.*)}s || $file =~ /\Afile:[^?]*\?.*mode=memory/;
        return 'file:' . _escaped( Cwd::getcwd() ) . "/$1$2";
    }
    return $file if $file eq '' || $file eq ':memory:' || $file =~ m{\A/};
    return Cwd::getcwd() . "/$file";
}

sub _escaped { my ($path) = @_; $path =~ s{([^\w/.~-])}{sprintf '%%%02X', ord $1}ge; return $path }

# SQLITE_OPEN_READONLY (1), READWRITE (2), CREATE (4), URI (0x40), MEMORY (0x80) as words of a URI.
sub _with_flags {
    my ( $path, $flags ) = @_;
    my $mode = $flags & 0x80 ? 'memory' : $flags & 4 ? 'rwc' : $flags & 2 ? 'rw' : $flags & 1 ? 'ro' : 'rwc';
    return $path if $mode eq 'rwc';
    return $path =~ /\?/ ? "$path&mode=$mode" : "$path?mode=$mode" if $path =~ /\Afile:/;
    return 'file:' . _escaped( utf8::is_utf8($path) ? do { my $bytes = $path; utf8::encode($bytes); $bytes } : $path ) . "?mode=$mode";
}

# File names are bytes; on the wire they are characters.
sub _text { my ($path) = @_; utf8::decode($path) if !utf8::is_utf8($path); return $path }

sub data_sources { return ('dbi:SQLite:') }

package    # not to be indexed
  DBD::SQLite::db;

use strict;
use warnings;

our @ISA = ( 'CPANBridge::Compat::DBI::SQLiteCatalog', 'CPANBridge::Compat::DBI::SQLiteFunctions', 'CPANBridge::Compat::DBI::Remote::db' );

# How DBI numbers what happens to rows whose foreign key goes.
our %DBI_code_for_rule = %CPANBridge::Compat::DBI::SQLiteCatalog::RULE;

sub prepare {
    my ( $dbh, $sql, $attributes ) = @_;
    $sql = '' if !defined $sql;
    return $dbh->set_err( 21, 'attempt to prepare on inactive database handle' ) if !$dbh->{Active};
    my $answer = $dbh->_call( prepare => { connection => $dbh->{_connection}, sql => $dbh->_sql($sql) } );
    if ( !$answer ) { $dbh->_failed; return }
    my ( $outer, $sth ) = DBI::_new_sth(
        $dbh,
        {
            Statement                    => $sql,
            _statement                   => $answer->{statement},
            _names                       => [ map { $dbh->_bytes( my $copy = $_ ) } @{ $answer->{parameters} } ],
            _params                      => [],
            sqlite_unprepared_statements => $dbh->_bytes( $answer->{rest} ),
            _kind                        => $answer->{kind},
        }
    );
    return $outer;
}

# What the daemon gets of a statement: characters, and whole paths.
sub _sql {
    my ( $dbh, $sql ) = @_;
    $sql = CPANBridge::Compat::DBI::SQLiteValues::statement( $sql, $dbh->{_mode} );
    $sql =~ s{\A(\s*ATTACH\s+(?:DATABASE\s+)?)(['"])((?!/|:memory:|file:)[^'"]+)\2}{ $1 . $2 . DBD::SQLite::dr::_whole($3) . $2 }ie;
    $sql =~ s{\A(\s*VACUUM\s+(?:\w+\s+)?INTO\s+)(['"])((?!/|:memory:|file:)[^'"]+)\2}{ $1 . $2 . DBD::SQLite::dr::_whole($3) . $2 }ie;
    return $sql;
}

sub _bytes { my ( $dbh, $text ) = @_; utf8::encode($text) if defined $text && !CPANBridge::Compat::DBI::SQLiteValues::is_unicode( $dbh->{_mode} ); return $text }

*_encode = \&CPANBridge::Compat::DBI::SQLiteValues::encode;

sub _sends_text { my ( $dbh, $type ) = @_; return !$type && !$dbh->{sqlite_see_if_its_a_number} }

# Texts and bytes come as the mode says.
sub _decode { return }

sub _takes_columns { return 1 }

sub _column_names {
    my ( $dbh, $names ) = @_;
    return [ map { $dbh->_bytes( my $copy = $_ ) } @$names ];
}

sub _failed { return }

# A literal COMMIT or ROLLBACK ends what begin_work began.
sub _note {
    my ( $dbh, $answer ) = @_;
    my $was = $dbh->{_in_transaction};
    $dbh->{_in_transaction} = $answer->{in_transaction} ? 1 : 0;
    if ( $was && !$dbh->{_in_transaction} && $dbh->{BegunWork} ) {
        $dbh->{BegunWork} = '';
        $dbh->STORE( AutoCommit => 1 );
    }
    return;
}

sub quote {
    my ( $dbh, $text, $type ) = @_;
    return 'NULL' if !defined $text;
    if ( $type && CPANBridge::Compat::DBI::SQLiteValues::is_blob($type) ) {
        utf8::encode($text) if !utf8::downgrade( $text, 1 );
        return "X'" . unpack( 'H*', $text ) . "'";
    }
    return $dbh->SUPER::quote( $text, $type );
}

# SQLite's library knows of the statements that it has not finished.
sub disconnect {
    my ($dbh) = @_;
    if ( $dbh->{ActiveKids} && $dbh->{_link} && $dbh->{Warn} ) { warn 'closing dbh with active statement handles' . _where() }
    my $virtual = delete $dbh->{_virtual};
    my $mine    = $virtual && $dbh->{_link} && $dbh->_is_mine;
    my $result  = $dbh->SUPER::disconnect;
    $virtual->close_all if $mine;
    return $result;
}

# Objects of the program's go when the daemon does not use them any more.
sub DESTROY {
    my ($dbh) = @_;
    my $virtual = delete $dbh->{_virtual};
    my $link = $virtual && $dbh->{_link} && $dbh->_is_mine ? $dbh->{_link} : undef;
    $dbh->SUPER::DESTROY;
    return if !$link;
    local $@;
    eval { $link->call( database => 'release', { handles => [ $dbh->{_connection} ] } ) };
    eval { $virtual->close_all };
    return;
}

sub do {
    my ( $dbh, $sql, $attributes, @values ) = @_;
    return $dbh->set_err( 21, 'attempt to do on inactive database handle' ) if !$dbh->{Active};
    my $many = $dbh->{sqlite_allow_multiple_statements} || $attributes && $attributes->{sqlite_allow_multiple_statements};
    return $dbh->_do_all( $sql, $attributes, @values ) if $many;
    $dbh->{Statement} = $sql;
    my $answer = $dbh->_call( run => $dbh->_spelled( $sql, @values ) || $dbh->_arguments( $sql, @values ) );
    if ( !$answer ) { $dbh->_failed; return }
    $dbh->_note($answer);
    $dbh->{_link}->release( database => $answer->{statement} ) if $answer->{statement};
    return $answer->{count} || '0E0';
}

# What is sent to have a statement prepared and executed, and the first row of its result.
sub _arguments {
    my ( $dbh, $sql, @values ) = @_;
    my ( @sent, @as_text );
    for my $value (@values) {
        my $bytes;
        ( $value, $bytes ) = $dbh->_encode($value) if defined $value;
        push @as_text, scalar @sent if $bytes;
        push @sent, $value;
    }
    return {
        connection => $dbh->{_connection},
        sql        => $dbh->_sql($sql),
        values     => \@sent,
        @as_text ? ( as_text => \@as_text ) : (),
        rows => 1,
        $dbh->{_only_first} ? ( only_first => \1 ) : (),
    };
}

# The same as JSON, where the values are simple.
sub _spelled {
    my ( $dbh, $sql, @values ) = @_;
    return if !$dbh->{_link} || !$dbh->_sends_text;
    my $values = CPANBridge::Compat::DBI::Remote::simply_spelled(@values);
    return if !defined $values;
    my $text = CPANBridge::JSON::encode( $dbh->_sql($sql) );
    my $how = $dbh->{_only_first} ? ',"only_first":true' : '';
    return $dbh->{_link}->text(qq({"connection":$dbh->{_connection},"rows":1$how,"sql":$text,"values":[$values]}));
}

# Where one row of a text's result is wanted, and nothing special of a statement handle, none is made. Returns the answer of
# the daemon, false after an error, in an array; or nothing where it has to be done in the ordinary way.
sub _first_row {
    my ( $dbh, $sql, $attributes, @values ) = @_;
    return if !$dbh->{_only_first} || !$dbh->{Active} || ref $sql || !defined $sql;
    return if $dbh->{_slow} || $dbh->{ChopBlanks} || $dbh->{RootClass} || ref $dbh ne __PACKAGE__;
    return if defined $attributes && ( ref $attributes ne 'HASH' || %$attributes );
    return if ( $sql =~ tr/?// ) != @values || $sql =~ /\?[0-9]|[:\@\$]/;    # that is told with the parameters' number
    my $arguments = $dbh->_spelled( $sql, @values ) or return;
    my $answer = $dbh->_call( run => $arguments );
    if   ($answer) { $dbh->_note($answer) }
    else           { $dbh->_failed }
    return [$answer];
}

sub selectrow_arrayref {
    my ( $dbh, @arguments ) = @_;
    my $found = $dbh->_first_row(@arguments) or return $dbh->SUPER::selectrow_arrayref(@arguments);
    my $answer = $found->[0] or return;
    return $answer->{rows}[0];
}

my %CASE = ( NAME => sub { $_[0] }, NAME_lc => sub { lc $_[0] }, NAME_uc => sub { uc $_[0] } );

sub selectrow_hashref {
    my ( $dbh, @arguments ) = @_;
    my $case   = $CASE{ $dbh->{FetchHashKeyName} || 'NAME' };
    my $found  = $case && $dbh->_first_row(@arguments) or return $dbh->SUPER::selectrow_hashref(@arguments);
    my $answer = $found->[0] or return;
    my $values = $answer->{rows}[0] or return undef;
    my %row;
    @row{ map { $case->($_) } @{ $dbh->_column_names( $answer->{columns} ) } } = @$values;
    return \%row;
}

sub _do_all {
    my ( $dbh, $sql, $attributes, @values ) = @_;
    my $count = 0;
    while ( $sql =~ /\S/ ) {
        my $sth = $dbh->prepare( $sql, $attributes ) or return;
        my $inner = CPANBridge::Compat::DBI::Handle::inner($sth);
        $inner->execute( splice @values, 0, scalar @{ $inner->{_names} } ) or return;
        $count += $inner->{_count} || 0;
        $sql = $inner->{sqlite_unprepared_statements};
        $sth->finish;
    }
    return $count || '0E0';
}

sub last_insert_id {
    my ($dbh) = @_;
    my $id = $dbh->_call( last_id => { connection => $dbh->{_connection} } );
    return $id;
}

# --- transactions ---

sub commit   { return _end( $_[0], 'commit' ) }
sub rollback { return _end( $_[0], 'rollback' ) }

sub _end {
    my ( $dbh, $what ) = @_;
    if ( !$dbh->{Active} ) { return $dbh->set_err( 21, "attempt to $what on inactive database handle" ) }
    if ( $dbh->FETCH('AutoCommit') ) {
        warn "$what ineffective with AutoCommit enabled" . _where() if $dbh->{Warn};
        return 1;
    }
    return 1 if !$dbh->{_in_transaction};
    $dbh->_call( $what => { connection => $dbh->{_connection} } ) or return;
    $dbh->{_in_transaction} = 0;
    return 1;
}

sub _where {
    my $level = 1;
    my @caller;
    while ( @caller = caller $level++ ) { last if !$Carp::Internal{ $caller[0] } }
    return @caller ? " at $caller[1] line $caller[2].\n" : "\n";
}

sub STORE {
    my ( $dbh, $name, $value ) = @_;
    if ( $name eq 'AutoCommit' ) {
        $value = $value ? 1 : 0;
        return 1 if !$dbh->{_link} || $value == $dbh->{_autocommit};
        my $answer = $dbh->_call( set => { connection => $dbh->{_connection}, settings => { autocommit => \$value } } );
        return if !$answer;
        $dbh->{_autocommit} = $value;
        $dbh->_note($answer);
        return 1;
    }
    if ( $name =~ /\A(?:sqlite_)?unicode\z/ || $name eq 'sqlite_string_mode' ) {
        $dbh->{_mode} = $name eq 'sqlite_string_mode' ? $value : $value ? 4 : 0;
        my $text = CPANBridge::Compat::DBI::SQLiteValues::wire_mode( $dbh->{_mode} );
        return $dbh->_call( set => { connection => $dbh->{_connection}, settings => { text => $text } } ) ? 1 : undef;
    }
    if ( $name eq 'sqlite_defensive' ) { return defined $dbh->sqlite_db_config( 1010, $value ? 1 : 0 ) ? 1 : undef }
    if ( $name eq 'sqlite_use_immediate_transaction' || $name eq 'sqlite_extended_result_codes' ) {
        $dbh->{$name} = $value = $value ? 1 : 0;
        my $setting = $name eq 'sqlite_extended_result_codes' ? 'extended_codes' : 'immediate';
        return $dbh->_call( set => { connection => $dbh->{_connection}, settings => { $setting => \$value } } ) ? 1 : undef;
    }
    if ( $name eq 'ReadOnly' && !$dbh->{_read_only} ) {
        $dbh->set_err( '', 'ReadOnly is set but it has no effect on a database that is open already' ) if $value;
    }
    if ( $name eq 'sqlite_prefer_numeric_type' || $name eq 'sqlite_see_if_its_a_number' ) { $value = $value ? 1 : 0 }
    return $dbh->SUPER::STORE( $name, $value );
}

sub FETCH {
    my ( $dbh, $name ) = @_;

    # A literal BEGIN takes effect, too.
    return $dbh->{_autocommit} && !$dbh->{_in_transaction} ? 1 : '' if $name eq 'AutoCommit';
    return $dbh->{BegunWork} || $dbh->{_autocommit} && $dbh->{_in_transaction} ? 1 : '' if $name eq 'BegunWork';
    return CPANBridge::Compat::DBI::SQLiteValues::is_unicode( $dbh->{_mode} ) ? 1 : '' if $name =~ /\A(?:sqlite_)?unicode\z/;
    return $dbh->{_mode} if $name eq 'sqlite_string_mode';
    return defined $dbh->{$name} ? $dbh->{$name} : 1 if $name eq 'sqlite_use_immediate_transaction';
    return $dbh->SUPER::FETCH($name);
}

package    # not to be indexed
  DBD::SQLite::st;

use strict;
use warnings;

our @ISA = 'CPANBridge::Compat::DBI::Remote::st';

sub execute {
    my ( $sth, @values ) = @_;
    return $sth->set_err( 21, 'attempt to execute on inactive database handle' ) if !$sth->{Database}{Active};
    return $sth->SUPER::execute(@values);
}

# Rows that nobody will fetch must not keep their table locked until some later call.
sub DESTROY {
    my ($sth) = @_;
    my $dbh = $sth->{Database};
    if ( $sth->{_more} && $dbh && $dbh->{_link} && $dbh->_is_mine ) {
        local $@;
        eval { local $SIG{__DIE__}; $sth->finish };
    }
    return $sth->SUPER::DESTROY;
}

sub sqlite_st_status { goto &CPANBridge::Compat::DBI::SQLiteFunctions::sqlite_st_status }
sub st_status        { goto &CPANBridge::Compat::DBI::SQLiteFunctions::sqlite_st_status }

sub bind_col {
    my ( $sth, $column, $ref, $attributes ) = @_;
    my $type = ref $attributes ? $attributes->{TYPE} : $attributes;
    if ( defined $type ) {
        my $convert = CPANBridge::Compat::DBI::SQLiteValues::converter( $sth->{Database}, $type, $column - 1 );
        $sth->{_convert}{$column} = $convert if $convert;
    }
    return $sth->SUPER::bind_col( $column, $ref );
}

my %ABOUT = map { $_ => 1 } qw(TYPE NULLABLE PRECISION SCALE NUM_OF_PARAMS);

sub FETCH {
    my ( $sth, $name ) = @_;
    if ( $ABOUT{$name} && !$sth->{Database}{Active} ) { $sth->set_err( 21, 'attempt to fetch on inactive database handle' ); return }
    return CPANBridge::Compat::DBI::SQLiteCatalog::about_columns( $sth, $name ) if $ABOUT{$name} && $name ne 'NUM_OF_PARAMS';
    return $sth->SUPER::FETCH($name);
}

1;

__END__

=encoding utf8

=head1 NAME

DBD::SQLite - SQLite databases for DBI, served by CPANBridge

=head1 SYNOPSIS

    use DBI;
    my $dbh = DBI->connect( 'dbi:SQLite:dbname=stock.db', '', '', { RaiseError => 1, sqlite_unicode => 1 } );

=head1 DESCRIPTION

The interface of DBD::SQLite 1.72 on the SQLite that Python has, in the daemon. The daemon opens the file: a relative name
is made whole here, and the daemon's user must be allowed to open it. For a program that runs as another user than the daemon
there are only C<:memory:> databases, unless the daemon's setting C<[modules.database] folders> names the folder.

=head1 COVERED

Connecting by a file's name, C<dbname=>, C<uri=file:...>, C<:memory:>, the empty name; C<sqlite_open_flags>, C<ReadOnly>;
C<sqlite_unicode>, C<sqlite_string_mode>, C<sqlite_see_if_its_a_number>, C<sqlite_use_immediate_transaction>,
C<sqlite_allow_multiple_statements>, C<sqlite_unprepared_statements>, C<sqlite_extended_result_codes>, C<sqlite_version>;
literal C<BEGIN>, C<COMMIT>, C<ROLLBACK> and savepoints; C<REGEXP>.

The methods, by C<< $dbh->sqlite_NAME >> or C<< $dbh->func >>: C<last_insert_rowid>, C<db_filename>, C<busy_timeout>, C<limit>,
C<backup_from_file>, C<backup_to_file>, C<backup_from_dbh>, C<backup_to_dbh>, C<table_column_metadata>,
C<get_autocommit>, C<txn_state>, C<error_offset>, C<db_config>, C<status>, C<db_status>, C<st_status>. L<DBD::SQLite::Constants>;
C<compile_options>, C<strlike>, C<strglob>.

Subs that SQL calls: C<create_function>, C<create_aggregate>, C<create_collation>, C<collation_needed> and
C<%DBD::SQLite::COLLATION>, C<progress_handler>, C<set_authorizer>, C<commit_hook>, C<rollback_hook>, C<update_hook>, C<trace>,
C<profile>; C<create_module> for virtual tables (L<DBD::SQLite::VirtualTable>); tokenizers of full-text search, C<tokenize=perl
'package::sub'>, which every handle knows. A call of a sub is a message from the daemon to the program and back: some tenth of a
millisecond. An aggregate's C<step> gets its rows in bunches; of a tokenizer's terms up to ten thousand go with one message.

=head1 NOT COVERED

C<load_extension> is refused: an extension would run with the daemon's rights. Where SQLite is built into the daemon's Python in
such a way that its functions cannot be called, as in some ready-made Pythons, subs and counters are not covered either, and say
so.

=head1 KNOWN DIFFERENCES

=over 4

=item *

C<REGEXP> with a simple pattern and text of ASCII is the daemon's; all else is Perl's own, with a call back for each text.

=item *

Strings in a statement that are no UTF-8, as those of programs in Latin-1, are kept as they are; names of tables and columns
must be UTF-8.

=item *

A tokenizer's terms must lie in its text, each with at least one character of it, and their positions must not fall: SQLite does not
look, and could read other memory or never end. They are an error of the statement. C<register_fts3_perl_tokenizer> has nothing to do.

=item *

C<st_status> counts while rows are being fetched, and is 0 afterwards.

=item *

The daemon interrupts a statement that runs longer than its setting C<statement_seconds>.

=back

=head1 SEE ALSO

L<DBI>, L<CPANBridge::Compat>

=cut
