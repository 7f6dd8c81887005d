package CPANBridge::Compat::DBI::SQLiteFunctions;

use strict;
use warnings;

use Carp ();
use Cwd ();
use Scalar::Util ();

use CPANBridge::Compat::DBI::SQLiteValues;
use CPANBridge::Bytes;
use CPANBridge::Compat::Link;

our $VERSION = '0.1.0';

$Carp::Internal{ (__PACKAGE__) }++;

# The methods of DBD::SQLite's own, without their prefix; also reached by $dbh->func( ..., 'create_function' ).
our @NAMES = qw(
  last_insert_rowid db_filename busy_timeout create_function create_aggregate create_collation collation_needed
  progress_handler set_authorizer commit_hook rollback_hook update_hook trace profile backup_from_file backup_to_file
  backup_from_dbh backup_to_dbh enable_load_extension load_extension table_column_metadata status db_status limit db_config
  get_autocommit txn_state error_offset register_fts3_perl_tokenizer create_module
);

{
    no strict 'refs';
    no warnings 'once';
    for my $name ( grep { $_ ne 'trace' } @NAMES ) {    # which is DBI's own
        my $method = "sqlite_$name";
        *$name = sub { my $dbh = shift; return $dbh->$method(@_) };
    }
}

# --- facts ----------------------------------------------------------------------------------------------------------

my $facts;

sub _facts { return $facts ||= CPANBridge::Compat::Link->get->call( database => 'sqlite_facts', {} ) }

sub compile_options { return @{ _facts()->{compile_options} } }

{

    package    # not to be indexed
      CPANBridge::Compat::DBI::SQLiteFunctions::Fact;

    sub TIESCALAR { return bless \( my $what = $_[1] ), $_[0] }

    sub FETCH {
        my ($self) = @_;
        my $version = eval { CPANBridge::Compat::DBI::SQLiteFunctions::_facts()->{version} } or return;
        return $version if $$self eq 'version';
        return sprintf '%d%03d%03d', split /\./, $version;
    }

    # A hash whose entries stay what they were first.
    package    # not to be indexed
      CPANBridge::Compat::DBI::SQLiteFunctions::Once;

    sub TIEHASH { return bless {}, $_[0] }
    sub FETCH   { return $_[0]{ $_[1] } }

    sub STORE {
        my ( $self, $name, $code ) = @_;
        Carp::croak("the collation $name is already registered") if exists $self->{$name};
        return $self->{$name} = $code;
    }

    sub DELETE   { Carp::croak("deletion of the collation $_[1] is forbidden") }
    sub EXISTS   { return exists $_[0]{ $_[1] } }
    sub FIRSTKEY { my $reset = keys %{ $_[0] }; return each %{ $_[0] } }
    sub NEXTKEY  { return each %{ $_[0] } }
}

# --- patterns of SQL ------------------------------------------------------------------------------------------------

sub strlike {
    my ( $pattern, $text, $escape ) = @_;
    my $regex = '';
    while ( length $pattern ) {
        if ( defined $escape && length $escape && $pattern =~ s/\A\Q$escape\E(.)//s ) { $regex .= quotemeta $1 }
        elsif ( $pattern =~ s/\A%// ) { $regex .= '.*' }
        elsif ( $pattern =~ s/\A_// ) { $regex .= '.' }
        else                          { $regex .= quotemeta substr $pattern, 0, 1, '' }
    }
    return $text =~ /\A$regex\z/is ? 0 : 1;
}

sub strglob {
    my ( $pattern, $text ) = @_;
    my $regex = '';
    while ( length $pattern ) {
        if    ( $pattern =~ s/\A\*// )                    { $regex .= '.*' }
        elsif ( $pattern =~ s/\A\?// )                    { $regex .= '.' }
        elsif ( $pattern =~ s/\A(\[\^?\]?[^\]]*\])// )    { $regex .= $1 }
        else                                              { $regex .= quotemeta substr $pattern, 0, 1, '' }
    }
    return $text =~ /\A$regex\z/s ? 0 : 1;
}

# --- methods --------------------------------------------------------------------------------------------------------

# Calls a function of the module for this connection; dies like DBD::SQLite where the handle is not connected.
sub _ask {
    my ( $dbh, $function, %arguments ) = @_;
    return $dbh->_call( $function => { connection => $dbh->{_connection}, %arguments } );
}

sub sqlite_last_insert_rowid { my ($dbh) = @_; return $dbh->last_insert_id }

sub sqlite_db_filename {
    my ($dbh) = @_;
    return undef if !$dbh->{Active};
    my $rows = $dbh->_all('PRAGMA database_list') or return;
    my ($main) = grep { $_->[1] eq 'main' } @$rows;
    return $main ? $main->[2] : undef;
}

sub sqlite_busy_timeout {
    my ( $dbh, $milliseconds ) = @_;
    if ( defined $milliseconds ) {
        _ask( $dbh, set => settings => { busy_ms => 0 + $milliseconds } ) or return;
        return $dbh->{_busy} = $milliseconds;
    }
    return defined $dbh->{_busy} ? $dbh->{_busy} : 30_000;
}

sub sqlite_get_autocommit { my ($dbh) = @_; return $dbh->{_in_transaction} ? 0 : 1 }

sub sqlite_txn_state { my ($dbh) = @_; return $dbh->{_in_transaction} ? 2 : 0 }

# What comes to a sub is text as this handle has it, and what it returns is sent in the same way. The object lives as long
# as the daemon may call the sub: until another takes its place, or the handle goes.
sub _callback {
    my ( $dbh, $place, $code ) = @_;
    if ( !defined $code ) { delete $dbh->{_subs}{$place}; return undef }
    my $names_a_sub = !ref $code;
    my $weak = $dbh;
    Scalar::Util::weaken($weak);
    return $dbh->{_subs}{$place} = $dbh->{_link}->callback(
        sub {
            my $unicode = !$weak || CPANBridge::Compat::DBI::SQLiteValues::is_unicode( $weak->{_mode} );
            _as_bytes(@_) if !$unicode;
            no strict 'refs';
            return _outgoing( scalar( $names_a_sub ? &{"main::$code"}(@_) : $code->(@_) ), $unicode );
        }
    );
}

sub _as_bytes {
    for my $value (@_) {
        if    ( ref $value eq 'ARRAY' )                        { _as_bytes(@$value) }
        elsif ( defined $value && utf8::is_utf8($value) ) { utf8::encode($value) }
    }
    return;
}

# What an object says to the daemon that asks: what its method of that name returns for a number and arguments, or dies of.
sub answer_of {
    my ( $self, $dbh, $what, $number, @arguments ) = @_;
    my $unicode = CPANBridge::Compat::DBI::SQLiteValues::is_unicode( $dbh->{_mode} );
    _as_bytes(@arguments) if !$unicode;
    local $self->{unicode} = $unicode;
    my ( $answer, $died );
    {
        local $@;
        my $method = "_$what";
        $died = "$@" || 'died' if !eval { $answer = $self->$method( $number, @arguments ); 1 };
    }
    return defined $died ? { died => $died } : [$answer];
}

# Numbers go as numbers, strings as text; a blob is said to be one by [ $bytes, SQL_BLOB ].
sub _outgoing {
    my ( $result, $unicode ) = @_;
    return $result if !defined $result;
    if ( ref $result eq 'ARRAY' ) {
        my ( $value, $type ) = @$result;
        return _outgoing( $value, $unicode ) if !defined $value || !$type || !CPANBridge::Compat::DBI::SQLiteValues::is_blob($type);
        my $bytes = "$value";
        utf8::encode($bytes) if !utf8::downgrade( $bytes, 1 );
        return [ CPANBridge::Bytes->new($bytes) ];
    }
    my $number = ref $result ? undef : CPANBridge::Compat::DBI::SQLiteValues::as_number($result);
    return $number if defined $number;
    my $text = "$result";
    return $text if $unicode || utf8::is_utf8($text) || $text !~ /[^\x00-\x7f]/ || utf8::decode($text);
    return CPANBridge::Bytes->new($text);
}

sub sqlite_create_function {
    my ( $dbh, $name, $arguments, $code, $flags ) = @_;
    $arguments = -1 if !defined $arguments;
    return _ask(
        $dbh,
        create_function => name => $name,
        arguments       => 0 + $arguments,
        code            => _callback( $dbh, lc "function $name $arguments", $code ),
        flags           => 0 + ( $flags || 0 ),
    );
}

# An object of the class for each group; what one of its methods dies with is warned of, and the group has no value.
sub sqlite_create_aggregate {
    my ( $dbh, $name, $arguments, $class, $flags ) = @_;
    my %group;
    my $object = sub {
        my ($number) = @_;
        return $group{$number} if exists $group{$number};
        my $new = eval { $class->new };
        my $why = $@ || ( Scalar::Util::blessed($new) ? '' : 'new() should return a blessed reference' );
        warn "DBD::SQLite: error during aggregator's new(): $why\n" if $why;
        return $group{$number} = $why ? undef : $new;
    };
    my $take = sub {
        my ( $number, $rows ) = @_;
        for my $row (@$rows) {
            my $it = $object->($number) or return;
            next if eval { $it->step(@$row); 1 };
            warn "DBD::SQLite: error during aggregator's step(): $@";
            $group{$number} = undef;
        }
        return;
    };
    my $end = sub {
        my ( $number, $rows ) = @_;
        $take->( $number, $rows );
        my $it = $object->($number);
        delete $group{$number};
        return if !$it;
        my $result;
        return $result if eval { $result = $it->finalize; 1 };
        warn "DBD::SQLite: error during aggregator's finalize(): $@";
        return;
    };
    my $place = lc "function $name $arguments";
    return _ask(
        $dbh,
        create_aggregate => name => $name,
        arguments        => 0 + $arguments,
        step             => _callback( $dbh, $place,             $take ),
        finish           => _callback( $dbh, "$place at its end", $end ),
        flags            => 0 + ( $flags || 0 ),
    );
}

sub sqlite_create_collation {
    my ( $dbh, $name, $code ) = @_;
    return _ask( $dbh, create_collation => name => $name, code => _callback( $dbh, lc "collation $name", $code ) );
}

sub sqlite_collation_needed {
    my ( $dbh, $code ) = @_;
    return $dbh->set_err( 21, 'attempt to set collation_needed on inactive database handle' ) if !$dbh->{Active};
    $dbh->{_collation_needed} = $code;
    return 1;
}

# What the daemon asks for where SQLite knows no answer itself: patterns of Perl's, and collations by name.
sub use_subs {
    my ($dbh) = @_;
    my $weak = $dbh;
    Scalar::Util::weaken($weak);
    my $known = sub {
        my ($name) = @_;
        if ( my $code = $weak->{_collation_needed} ) {
            $code->( CPANBridge::Compat::DBI::Handle::outer($weak), $name );
            return $weak->{_subs}{ lc "collation $name" } ? -1 : 0;    # which has told the daemon already
        }
        return exists $DBD::SQLite::COLLATION{$name} ? 1 : 0;
    };
    return $dbh->_call(
        use_subs => {
            connection => $dbh->{_connection},
            regexp     => _callback( $dbh, ' regexp', sub { use locale; return $_[1] =~ $_[0] ? 1 : 0 } ),
            known      => _callback( $dbh, ' known', $known ),
            ordered    => _callback( $dbh, ' ordered', sub { my $name = shift; return $DBD::SQLite::COLLATION{$name}->(@_) } ),
            tokenizer  => $dbh->{_subs}{' tokenizer'} = $dbh->{_link}->callback(
                sub {
                    require CPANBridge::Compat::DBI::SQLiteTokenizers;
                    return $weak ? CPANBridge::Compat::DBI::SQLiteTokenizers::answer( $weak, @_ ) : { died => 'the handle is gone' };
                }
            ),
        }
    );
}

sub sqlite_progress_handler {
    my ( $dbh, $steps, $code ) = @_;
    return _ask( $dbh, progress_handler => steps => 0 + $steps, code => _callback( $dbh, 'progress', $code ) );
}

sub sqlite_set_authorizer {
    my ( $dbh, $code ) = @_;
    return _ask( $dbh, set_authorizer => code => _callback( $dbh, 'authorizer', $code ) );
}

sub sqlite_trace {
    my ( $dbh, $code ) = @_;
    return _ask( $dbh, watch_statements => kind => 'trace', code => _callback( $dbh, 'trace', $code ) );
}

# The time comes in nanoseconds, and is told in milliseconds.
sub sqlite_profile {
    my ( $dbh, $code ) = @_;
    my $told = $code && sub { my ( $sql, $spent ) = @_; return $code->( $sql, int( $spent / 1e6 ) ) };
    return _ask( $dbh, watch_statements => kind => 'profile', code => _callback( $dbh, 'profile', $told ) );
}

for my $kind (qw(commit rollback update)) {
    no strict 'refs';

    # Returns the sub that was there before.
    *{"sqlite_${kind}_hook"} = sub {
        my ( $dbh, $code ) = @_;
        my $before = $dbh->{"_${kind}_hook"};
        _ask( $dbh, hook => kind => $kind, code => _callback( $dbh, "$kind hook", $code ) ) or return;
        $dbh->{"_${kind}_hook"} = $code;
        return $before;
    };
}

# Loaded when a program has tables of its own.
sub sqlite_create_module {
    require CPANBridge::Compat::DBI::SQLiteTables;
    goto &CPANBridge::Compat::DBI::SQLiteTables::create_module;
}

# Which each handle has from the start.
sub sqlite_register_fts3_perl_tokenizer {
    my ($dbh) = @_;
    return $dbh->set_err( 21, 'attempt to register_fts3_perl_tokenizer on inactive database handle' ) if !$dbh->{Active};
    return 1;
}

sub sqlite_limit {
    my ( $dbh, $category, $value ) = @_;
    return _ask( $dbh, limit => category => 0 + $category, value => defined $value ? 0 + $value : -1 );
}

# --- copies of whole databases ---

sub sqlite_backup_from_file { my ( $dbh, $file ) = @_; return _copy( $dbh, $file, 'from' ) }

sub sqlite_backup_to_file { my ( $dbh, $file ) = @_; return _copy( $dbh, $file, 'to' ) }

sub _copy {
    my ( $dbh, $file, $direction ) = @_;
    return $dbh->set_err( 21, "attempt to backup_${direction}_file on inactive database handle" ) if !$dbh->{Active};
    my $path = $file =~ m{\A/} ? $file : Cwd::getcwd() . "/$file";
    utf8::decode($path) if !utf8::is_utf8($path);
    return _ask( $dbh, backup => file => $path, direction => $direction );
}

sub sqlite_backup_from_dbh { my ( $dbh, $other ) = @_; return _copy_dbh( $dbh, $other, 'from' ) }

sub sqlite_backup_to_dbh { my ( $dbh, $other ) = @_; return _copy_dbh( $dbh, $other, 'to' ) }

sub _copy_dbh {
    my ( $dbh, $other, $direction ) = @_;
    my $theirs = CPANBridge::Compat::DBI::Handle::inner($other);
    return $dbh->set_err( 21, 'attempt to backup on inactive database handle' ) if !$dbh->{Active} || !$theirs->{Active};
    return _ask( $dbh, backup => other => $theirs->{_connection}, direction => $direction );
}

sub sqlite_table_column_metadata {
    my ( $dbh, $schema, $table, $column ) = @_;
    Carp::croak('table_column_metadata: the database handle is not active') if !$dbh->{Active};
    Carp::croak('table_column_metadata needs the name of a table')          if !defined $table;
    Carp::croak('table_column_metadata needs the name of a column')         if !defined $column;
    return if !length $table || !length $column;
    my $mode = $dbh->{_mode};
    my ( $in, $of, $name ) = map { defined $_ ? CPANBridge::Compat::DBI::SQLiteValues::characters( $_, $mode ) : undef } $schema, $table, $column;
    my $answer = _ask( $dbh, column_metadata => schema => $in, table => $of, column => $name ) or return;
    $answer->{data_type} = lc $answer->{data_type} if defined $answer->{data_type};
    $answer->{$_} = $answer->{$_} ? 1 : 0 for qw(not_null primary auto_increment);
    return $answer;
}

# --- counters and options ---

sub sqlite_status { return CPANBridge::Compat::Link->get->call( database => 'sqlite_status', { reset => defined $_[0] && !$_[0] ? \1 : \0 } ) }

sub sqlite_db_status { my ( $dbh, $keep ) = @_; return _ask( $dbh, connection_status => reset => defined $keep && !$keep ? \1 : \0 ) }

sub sqlite_st_status {
    my ( $sth, $keep ) = @_;
    return $sth->_call( statement_status => { statement => $sth->{_statement}, reset => defined $keep && !$keep ? \1 : \0 } );
}

sub sqlite_db_config {
    my ( $dbh, $option, $value ) = @_;
    for my $other ( [ 1000 => 'MAINDBNAME' ], [ 1001 => 'LOOKASIDE' ] ) {
        return $dbh->set_err( 1, "SQLITE_DBCONFIG_$other->[1] is not supported" ) if $option == $other->[0];
    }
    my $answer = eval { $dbh->{_link}->call( database => 'connection_config', { connection => $dbh->{_connection}, option => 0 + $option, value => 0 + $value } ) };
    return defined $answer ? $answer : CPANBridge::Compat::DBI::Remote::failed( $dbh, $@ );
}

sub sqlite_error_offset { my ($dbh) = @_; return defined $dbh->{_error_offset} ? $dbh->{_error_offset} : -1 }

# --- what there is not ---

for my $name (qw(enable_load_extension load_extension)) {
    no strict 'refs';
    *{"sqlite_$name"} = sub {
        my ($dbh) = @_;
        return $dbh->set_err( 1, "CPANBridge: sqlite_$name is refused: an extension would run with the daemon's rights" );
    };
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::SQLiteFunctions - DBD::SQLite's own methods

=head1 DESCRIPTION

Used by the replacement of L<DBD::SQLite>; programs have no need of it.

Implements methods of L<DBD::SQLite>, as C<sqlite_NAME> and, for C<func>, as C<NAME>; its documentation says what they do, and
the replacement's own what is different.

=head1 METHODS

=head2 sqlite_last_insert_rowid

=head2 sqlite_db_filename

=head2 sqlite_busy_timeout

=head2 sqlite_get_autocommit

=head2 sqlite_txn_state

=head2 sqlite_create_function

=head2 sqlite_create_aggregate

=head2 sqlite_create_collation

=head2 sqlite_collation_needed

=head2 sqlite_progress_handler

=head2 sqlite_set_authorizer

=head2 sqlite_trace

=head2 sqlite_profile

=head2 sqlite_commit_hook

=head2 sqlite_rollback_hook

=head2 sqlite_update_hook

=head2 sqlite_create_module

=head2 sqlite_register_fts3_perl_tokenizer

=head2 sqlite_limit

=head2 sqlite_backup_from_file

=head2 sqlite_backup_to_file

=head2 sqlite_backup_from_dbh

=head2 sqlite_backup_to_dbh

=head2 sqlite_table_column_metadata

=head2 sqlite_status

=head2 sqlite_db_status

=head2 sqlite_st_status

=head2 sqlite_db_config

=head2 sqlite_error_offset

=head1 FUNCTIONS

=head2 use_subs

Tells the daemon of the subs that it asks where SQLite knows no answer itself: patterns, collations, tokenizers.

=head2 answer_of

What a table's class or a tokenizer says to the daemon that asks.

=head2 compile_options

Returns how the daemon's SQLite was compiled.

=head2 strlike

=head2 strglob

Return 0 where a text fits a pattern of SQL's C<LIKE> or C<GLOB>.

=cut
