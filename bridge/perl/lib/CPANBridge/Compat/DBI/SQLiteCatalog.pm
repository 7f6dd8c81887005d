package CPANBridge::Compat::DBI::SQLiteCatalog;

use strict;
use warnings;

use CPANBridge::Compat::DBI::Database;

our $VERSION = '0.1.0';

# How DBI numbers the rules of foreign keys.
our %RULE = (
    'CASCADE'             => 0,
    'RESTRICT'            => 1,
    'SET NULL'            => 2,
    'NO ACTION'           => 3,
    'SET DEFAULT'         => 4,
    'INITIALLY DEFERRED'  => 5,
    'INITIALLY IMMEDIATE' => 6,
    'NOT DEFERRABLE'      => 7,
);

my @TABLE = qw(TABLE_CAT TABLE_SCHEM TABLE_NAME TABLE_TYPE REMARKS);

# --- asking SQLite --------------------------------------------------------------------------------------------------

# Returns all rows of a statement of our own; nothing after an error.
sub _all {
    my ( $dbh, $sql, @values ) = @_;
    $sql = CPANBridge::Compat::DBI::SQLiteValues::characters( $sql, $dbh->{_mode} );
    @values = map { CPANBridge::Compat::DBI::SQLiteValues::characters( $_, $dbh->{_mode} ) } @values;
    my $answer = $dbh->_call( run => { connection => $dbh->{_connection}, sql => $sql, values => \@values, rows => 10_000 } )
      or return;
    $dbh->_decode($answer);
    my @rows = @{ $answer->{rows} || [] };
    while ( $answer->{more} ) {
        $answer = $dbh->_call( fetch => { statement => $answer->{statement} } ) or return;
        push @rows, @{ $answer->{rows} };
    }
    return \@rows;
}

# A statement handle with rows that were found out already.
sub _made {
    my ( $dbh, $statement, $names, $rows ) = @_;
    my ( $outer, $sth ) = DBI::_new_sth(
        $dbh, { Statement => $statement, _names => [], _params => [], _rows => $rows, _batch => scalar @$rows, _more => 0, _fetched => 0, _kind => 'SELECT' } );
    $sth->STORE( NAME          => $names );
    $sth->STORE( NUM_OF_FIELDS => scalar @$names );
    $sth->STORE( Active        => 1 );
    return $outer;
}

sub _quoted { my ($name) = @_; $name =~ s/"/""/g; return qq("$name") }

# DBI's patterns: % and _, with \ before one that stands for itself.
sub _pattern {
    my ($pattern) = @_;
    return qr/./s if !defined $pattern || $pattern eq '%';
    my $regex = '';
    while ( $pattern =~ /\G(?:\\(.)|(.))/gs ) {
        $regex .= defined $1 ? quotemeta $1 : $2 eq '%' ? '.*' : $2 eq '_' ? '.' : quotemeta $2;
    }
    return qr/\A$regex\z/is;
}

sub _schemas { my ($dbh) = @_; return map { $_->[1] } @{ _all( $dbh, 'PRAGMA database_list' ) || [] } }

# [schema, table, type, statement] of all tables that fit.
sub _tables {
    my ( $dbh, $schema, $table ) = @_;
    my ( @found, %seen );
    my ( $schema_fits, $table_fits ) = map { _pattern($_) } $schema, $table;
    for my $one ( grep { !$seen{$_}++ } _schemas($dbh), 'temp' ) {
        next if $one !~ $schema_fits;
        my $master = $one eq 'temp' ? 'sqlite_temp_master' : _quoted($one) . '.sqlite_master';
        for my $row ( @{ _all( $dbh, "SELECT name, upper(type), sql FROM $master WHERE type IN ('table', 'view')" ) || [] } ) {
            push @found, [ $one, @$row ] if $row->[0] =~ $table_fits;
        }
    }
    return @found;
}

# --- what DBI asks for ----------------------------------------------------------------------------------------------

sub table_info {
    my ( $dbh, $catalog, $schema, $table, $type ) = @_;
    my @given = map { defined $_ ? $_ : '' } $catalog, $schema, $table, $type;
    if ( $given[0] eq '%' && $given[1] eq '' && $given[2] eq '' && defined $schema && defined $table ) {
        return _made( $dbh, 'table_info', \@TABLE, [ [ (undef) x 5 ] ] );
    }
    if ( $given[1] eq '%' && defined $catalog && $catalog eq '' && defined $table && $table eq '' ) {
        my %seen;
        return _made( $dbh, 'table_info', \@TABLE,
            [ map { [ undef, $_, undef, undef, undef ] } sort grep { !$seen{$_}++ } _schemas($dbh), 'temp' ] );
    }
    if ( $given[3] eq '%' && "$given[0]$given[1]$given[2]" eq '' && defined $catalog ) {
        return _made( $dbh, 'table_info', \@TABLE,
            [ map { [ undef, undef, undef, $_, undef ] } 'LOCAL TEMPORARY', 'SYSTEM TABLE', 'TABLE', 'VIEW' ] );
    }
    my @rows;
    my $fits = _pattern($table);
    for my $master ( [ main => 'sqlite_master' ], [ temp => 'sqlite_temp_master' ] ) {
        push @rows, [ undef, @$master, 'SYSTEM TABLE', undef, undef ] if $master->[1] =~ $fits && $master->[0] =~ _pattern($schema);
    }
    for my $one ( _tables( $dbh, $schema, $table ) ) {
        my ( $in, $name, $kind, $sql ) = @$one;
        $kind = 'LOCAL TEMPORARY' if $in eq 'temp' && $kind eq 'TABLE';
        push @rows, [ undef, $in, $name, $name =~ /\Asqlite_/ ? 'SYSTEM TABLE' : $kind, undef, $sql ];
    }
    if ( length $given[3] && $given[3] ne '%' ) {
        my %wanted = map { ( uc $_ => 1 ) } map { s/\A\s*'?|'?\s*\z//gr } split /,/, $type;
        @rows = grep { $wanted{ $_->[3] } } @rows;
    }
    @rows = sort { $a->[3] cmp $b->[3] || $a->[1] cmp $b->[1] || $a->[2] cmp $b->[2] } @rows;
    return _made( $dbh, 'table_info', [ @TABLE, 'sqlite_sql' ], \@rows );
}

my @COLUMN = @CPANBridge::Compat::DBI::Database::COLUMN_INFO[ 0 .. 17 ];

sub column_info {
    my ( $dbh, $catalog, $schema, $table, $column ) = @_;
    $column = undef if defined $column && $column eq '%';
    my $fits = _pattern($column);
    my @rows;
    for my $one ( sort { $a->[0] cmp $b->[0] || $a->[1] cmp $b->[1] } _tables( $dbh, $schema, $table ) ) {
        my ( $in, $name ) = @$one;
        my $columns = _all( $dbh, 'PRAGMA ' . _quoted($in) . '.table_info(' . _quoted($name) . ')' ) or return;
        my $at = 0;
        for my $about (@$columns) {
            my ( undef, $column_name, $type, $not_null, $default, $key ) = @$about;
            $at++;
            next if $column_name !~ $fits;
            my ( $size, $digits );
            if ( defined $type && $type =~ s/\s*\(\s*(\d+)(?:\s*,\s*(\d+))?\s*\)// ) { ( $size, $digits ) = ( $1, $2 ) }
            push @rows,
              [
                undef, $in, $name, $column_name, undef, $type, $size, undef, $digits, undef,
                $not_null ? 0 : 1,
                undef, $default, undef, undef, undef, $at, $not_null ? 'NO' : 'YES'
              ];
        }
    }
    return _made( $dbh, 'column_info', \@COLUMN, \@rows );
}

sub primary_key_info {
    my ( $dbh, $catalog, $schema, $table ) = @_;
    my @rows;
    for my $one ( _tables( $dbh, $schema, $table ) ) {
        my ( $in, $name, $kind, $sql ) = @$one;
        my $columns = _all( $dbh, 'PRAGMA ' . _quoted($in) . '.table_info(' . _quoted($name) . ')' ) or return;
        my @keys = sort { $a->[5] <=> $b->[5] } grep { $_->[5] } @$columns;
        my ($called) = defined $sql ? $sql =~ /\bCONSTRAINT\s+("(?:[^"]|"")+"|'[^']+'|`[^`]+`|\[[^\]]+\]|\w+)\s+PRIMARY\s+KEY\b/i : ();
        $called =~ s/\A["'`\[]|["'`\]]\z//g if defined $called;
        push @rows, map { [ undef, $in, $name, $_->[1], $_->[5], defined $called ? $called : 'PRIMARY KEY' ] } @keys;
    }
    return _made( $dbh, 'primary_key_info', [qw(TABLE_CAT TABLE_SCHEM TABLE_NAME COLUMN_NAME KEY_SEQ PK_NAME)], \@rows );
}

my @FOREIGN = qw(
  PKTABLE_CAT PKTABLE_SCHEM PKTABLE_NAME PKCOLUMN_NAME FKTABLE_CAT FKTABLE_SCHEM FKTABLE_NAME FKCOLUMN_NAME KEY_SEQ
  UPDATE_RULE DELETE_RULE FK_NAME PK_NAME DEFERRABILITY UNIQUE_OR_PRIMARY
);

sub foreign_key_info {
    my ( $dbh, $pk_catalog, $pk_schema, $pk_table, $fk_catalog, $fk_schema, $fk_table ) = @_;
    my @all = _tables($dbh);
    my ( %schema_of, %keys );
    for my $one (@all) { $schema_of{ lc $one->[1] } ||= $one->[0] }
    my @rows;
    for my $one ( _tables( $dbh, $fk_schema, $fk_table ) ) {
        my ( $in, $name, $kind, $sql ) = @$one;
        next if $kind ne 'TABLE';
        my $list = _all( $dbh, 'PRAGMA ' . _quoted($in) . '.foreign_key_list(' . _quoted($name) . ')' ) or return;
        for my $key ( sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @$list ) {
            my ( $id, $seq, $to, $from_column, $to_column, $on_update, $on_delete ) = @$key;
            my $there = $schema_of{ lc $to };
            next if defined $pk_table && length $pk_table && $to !~ _pattern($pk_table);
            next if defined $pk_schema && length $pk_schema && ( !defined $there || $there !~ _pattern($pk_schema) );
            my $primary = defined $there ? $keys{"$there.$to"} ||= [
                map { $_->[1] } sort { $a->[5] <=> $b->[5] }
                  grep { $_->[5] } @{ _all( $dbh, 'PRAGMA ' . _quoted($there) . '.table_info(' . _quoted($to) . ')' ) || [] }
            ] : [];
            $to_column = $primary->[$seq] if !defined $to_column;
            push @rows,
              [
                undef, $there, $to, $to_column, undef, $in, $name, $from_column, $seq + 1, $RULE{$on_update}, $RULE{$on_delete},
                undef, undef, $RULE{ _deferrable( $sql, $from_column ) },
                ( grep { lc $_ eq lc( defined $to_column ? $to_column : '' ) } @$primary ) ? 'PRIMARY' : 'UNIQUE'
              ];
        }
    }
    return _made( $dbh, 'foreign_key_info', \@FOREIGN, \@rows );
}

# SQLite tells only in the statement that made the table.
sub _deferrable {
    my ( $sql, $column ) = @_;
    my $name = qr/["'`\[]?\Q$column\E["'`\]]?/i;
    my $text = $sql =~ /(?:\bFOREIGN\s+KEY\s*\([^)]*$name[^)]*\)|[(,]\s*$name\s[^,]*?)\s*(REFERENCES\s+[^,(]+(?:\([^)]*\))?[^,)]*)/is ? $1 : '';
    return 'NOT DEFERRABLE' if $text !~ /\bDEFERRABLE\b/i || $text =~ /\bNOT\s+DEFERRABLE\b/i;
    return $text =~ /\bINITIALLY\s+DEFERRED\b/i ? 'INITIALLY DEFERRED' : 'INITIALLY IMMEDIATE';
}

my @STATISTICS = qw(
  TABLE_CAT TABLE_SCHEM TABLE_NAME NON_UNIQUE INDEX_QUALIFIER INDEX_NAME TYPE ORDINAL_POSITION COLUMN_NAME ASC_OR_DESC
  CARDINALITY PAGES FILTER_CONDITION
);

sub statistics_info {
    my ( $dbh, $catalog, $schema, $table, $unique_only ) = @_;
    my @rows;
    for my $one ( _tables( $dbh, $schema, $table ) ) {
        my ( $in, $name ) = @$one;
        my $indexes = _all( $dbh, 'PRAGMA ' . _quoted($in) . '.index_list(' . _quoted($name) . ')' ) or return;
        for my $index (@$indexes) {
            my ( undef, $called, $unique ) = @$index;
            next if $unique_only && !$unique;
            my $columns = _all( $dbh, 'PRAGMA ' . _quoted($in) . '.index_info(' . _quoted($called) . ')' ) or return;
            push @rows,
              map { [ undef, $in, $name, $unique ? 0 : 1, undef, $called, 'btree', $_->[0] + 1, $_->[2], undef, undef, undef, undef ] } @$columns;
        }
    }
    return _made( $dbh, 'statistics_info', \@STATISTICS, \@rows );
}

# --- columns of a statement -----------------------------------------------------------------------------------------

# How DBI numbers the types that columns are declared with.
my %NUMBER_OF = (
    INTEGER => 4, INT => 4, TINYINT => -6, SMALLINT => 5, MEDIUMINT => 4, BIGINT => -5, REAL => 7, DOUBLE => 8, FLOAT => 6, NUMERIC => 2,
    DECIMAL => 3, TEXT => -1, CLOB => 40, VARCHAR => 12, CHAR => 1, NCHAR => 1, NVARCHAR => 12, DATE => 91, TIME => 92, DATETIME => 93,
    TIMESTAMP => 93, BLOB => 30, BOOLEAN => 16,
);

# SQLite's library knows from which column of a table a column of a result comes.
sub about_columns {
    my ( $sth, $name ) = @_;
    return if !defined $sth->FETCH('NUM_OF_FIELDS');
    my $about = $sth->{_about} ||= $sth->_call( describe => { statement => $sth->{_statement} } ) || {};
    my $dbh = $sth->{Database};
    my @types = map { $dbh->_bytes( my $copy = $_ ) } @{ $about->{declared} || [] };
    return $about->{nullable} || [] if $name eq 'NULLABLE';
    if ( $name eq 'TYPE' ) {
        return \@types if !$dbh->{sqlite_prefer_numeric_type};
        return [ map { defined && /\A\s*(\w+)/ && $NUMBER_OF{ uc $1 } || 12 } @types ];
    }
    my $which = $name eq 'PRECISION' ? 0 : 1;
    return [ map { defined && /\(\s*(\d+)(?:\s*,\s*(\d+))?\s*\)/ ? ( $1, $2 )[$which] : undef } @types ];
}

# --- types, and what the database can do ----------------------------------------------------------------------------

sub type_info_all {
    my $type = sub { my ( $called, $number, $quote ) = @_; return [ $called, $number, undef, $quote, $quote, undef, 1, 1, 3, undef, 0, 0, (undef) x 7 ] };
    return [
        CPANBridge::Compat::DBI::Database::type_info_columns(),
        $type->( 'INTEGER', 4,  undef ),
        $type->( 'BIGINT',  -5, undef ),
        $type->( 'REAL',    7,  undef ),
        $type->( 'DOUBLE',  8,  undef ),
        $type->( 'FLOAT',   6,  undef ),
        $type->( 'NUMERIC', 2,  undef ),
        $type->( 'TEXT',    -1, "'" ),
        $type->( 'VARCHAR', 12, "'" ),
        $type->( 'CHAR',    1,  "'" ),
        $type->( 'DATE',    91, "'" ),
        $type->( 'BLOB',    30, "'" ),
    ];
}

my %INFO = (
    2  => sub { "dbi:SQLite:$_[0]{Name}" },
    6  => 'DBD/SQLite.pm',
    13 => sub { $_[0]{Name} },
    14 => '\\',
    16 => 'main',
    17 => 'SQLite',
    18 => sub { $_[0]{sqlite_version} },
    25 => sub { $_[0]{ReadOnly} ? 'Y' : 'N' },
    27 => 'Y',
    28 => 3,
    29 => '"',
    41 => '.',
    35 => 32_767,
    42 => 'database',
    45 => 'table',
    46 => 2,
    47 => '',
    77 => '03.00',
    84 => 0,
    89 => join( ',', qw(ABORT ACTION AFTER ANALYZE ATTACH AUTOINCREMENT BEFORE CONFLICT DATABASE DETACH EXCLUSIVE EXPLAIN FAIL GLOB
          IF IGNORE INDEX INDEXED INSTEAD ISNULL LIMIT NOTNULL OFFSET PLAN PRAGMA QUERY RAISE REGEXP REINDEX RENAME
          REPLACE TEMP TRIGGER VACUUM VIRTUAL) ),
    92 => 4,
    114 => 1,
    10_003 => 'Y',
    10_005 => 32_767,
);

sub get_info {
    my ( $dbh, $number ) = @_;
    my $info = $INFO{$number};
    return ref $info ? $info->($dbh) : $info;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::SQLiteCatalog - what there is in a SQLite database

=head1 DESCRIPTION

Used by the replacement of L<DBD::SQLite>; programs have no need of it. The methods are DBI's; the rows are made of what
SQLite's PRAGMAs tell.

=head1 METHODS

=head2 table_info

=head2 column_info

=head2 primary_key_info

=head2 foreign_key_info

=head2 statistics_info

=head2 type_info_all

=head2 get_info

=head1 FUNCTIONS

=head2 about_columns

Returns C<TYPE>, C<NULLABLE>, C<PRECISION> or C<SCALE> of a statement's columns, as far as their names tell.

=cut
