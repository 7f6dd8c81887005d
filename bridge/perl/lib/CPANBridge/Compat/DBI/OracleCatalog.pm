package CPANBridge::Compat::DBI::OracleCatalog;

use strict;
use warnings;

use CPANBridge::Compat::DBI::Database;

our $VERSION = '0.1.0';

# Bytes of a column's default, which is a LONG.
my $DEFAULT_BYTES = 1 << 20;

sub _ask {
    my ( $dbh, $sql, @values ) = @_;
    my $sth = $dbh->prepare($sql) or return;
    my $inner = CPANBridge::Compat::DBI::Handle::inner($sth);
    $inner->{LongReadLen} = $DEFAULT_BYTES;
    $inner->execute(@values) or return;
    return $sth;
}

# Conditions for names; DBI's patterns are LIKE's, where they have a sign of them.
sub _where {
    my ( $values, @pairs ) = @_;
    my @where;
    while ( my ( $column, $pattern ) = splice @pairs, 0, 2 ) {
        next if !defined $pattern || !length $pattern || $pattern eq '%';
        push @$values, $pattern;
        push @where, $pattern =~ /[%_]/ ? "$column LIKE ? ESCAPE '\\'" : "$column = ?";
    }
    return @where;
}

sub _and { my (@where) = @_; return @where ? ' WHERE ' . join ' AND ', @where : '' }

sub table_info {
    my ( $dbh, $catalog, $schema, $table, $type ) = @_;
    if ( ref $catalog eq 'HASH' ) { ( $catalog, $schema, $table, $type ) = @$catalog{qw(TABLE_CAT TABLE_SCHEM TABLE_NAME TABLE_TYPE)} }
    my @given = map { defined $_ ? $_ : '' } $catalog, $schema, $table, $type;
    my $only = sub {
        my ( $at, $what, $from ) = @_;
        my @names = qw(TABLE_CAT TABLE_SCHEM TABLE_NAME TABLE_TYPE REMARKS);
        return _ask( $dbh, 'SELECT ' . join( ', ', map { ( $_ == $at ? $what : 'NULL' ) . " AS $names[$_]" } 0 .. 4 ) . " $from" );
    };
    return $only->( 0, 'NULL', 'FROM dual WHERE 1 = 0' ) if $given[0] eq '%' && "$given[1]$given[2]" eq '' && defined $schema && defined $table;
    return $only->( 1, 'username', 'FROM all_users ORDER BY 2' ) if $given[1] eq '%' && "$given[0]$given[2]" eq '' && defined $catalog && defined $table;
    if ( $given[3] eq '%' && "$given[0]$given[1]$given[2]" eq '' && defined $catalog ) {
        my $kinds = join ' UNION ', map {"SELECT '$_' AS kind FROM dual"} qw(TABLE VIEW SYNONYM SEQUENCE);
        return $only->( 3, 'k.kind', "FROM ($kinds) k ORDER BY 4" );
    }
    my @values;
    my @where = _where( \@values, 't.owner' => $schema, 't.table_name' => $table );
    if ( length $given[3] && $given[3] ne '%' ) {
        my @wanted = map { s/\A\s*'?|'?\s*\z//gr } split /,/, uc $type;
        push @where,  't.table_type IN (' . join( ', ', ('?') x @wanted ) . ')';
        push @values, @wanted;
    }
    return _ask(
        $dbh,
        'SELECT NULL AS TABLE_CAT, t.owner AS TABLE_SCHEM, t.table_name AS TABLE_NAME, t.table_type AS TABLE_TYPE, c.comments AS REMARKS '
          . 'FROM all_catalog t LEFT JOIN all_tab_comments c ON c.owner = t.owner AND c.table_name = t.table_name AND c.table_type = t.table_type'
          . _and(@where) . ' ORDER BY 4, 2, 3',
        @values
    );
}

# DBI's number of each type, by its name; of TIMESTAMP(6) WITH TIME ZONE and its like the number stands in between.
my %NUMBER = (
    CHAR => 1, NCHAR => -8, VARCHAR => 12, VARCHAR2 => 12, NVARCHAR2 => -9, NUMBER => 3, FLOAT => 6, BINARY_FLOAT => 7, BINARY_DOUBLE => 8, DATE => 93,
    LONG => -1, RAW => -3, 'LONG RAW' => -4, CLOB => 40, NCLOB => 40, BLOB => 30, BFILE => -9114, ROWID => -9104, UROWID => -9104,
);

my $TYPE_NUMBER = do {
    my $cases = join ' ', map {"WHEN t.data_type = '$_' THEN $NUMBER{$_}"} sort keys %NUMBER;
    "CASE $cases WHEN t.data_type LIKE 'TIMESTAMP%WITH%ZONE' THEN 95 WHEN t.data_type LIKE 'TIMESTAMP%' THEN 93 "
      . "WHEN t.data_type LIKE 'INTERVAL YEAR%' THEN 107 WHEN t.data_type LIKE 'INTERVAL DAY%' THEN 110 ELSE 0 END";
};

sub column_info {
    my ( $dbh, $catalog, $schema, $table, $column ) = @_;
    if ( ref $catalog eq 'HASH' ) { ( $catalog, $schema, $table, $column ) = @$catalog{qw(TABLE_CAT TABLE_SCHEM TABLE_NAME COLUMN_NAME)} }
    my @values;
    my @where = _where( \@values, 't.owner' => $schema, 't.table_name' => $table, 't.column_name' => $column );
    return _ask(
        $dbh,
        "SELECT NULL AS TABLE_CAT, t.owner AS TABLE_SCHEM, t.table_name AS TABLE_NAME, t.column_name AS COLUMN_NAME, $TYPE_NUMBER AS DATA_TYPE, "
          . 't.data_type AS TYPE_NAME, CASE WHEN t.data_type IN (\'NUMBER\', \'FLOAT\') THEN COALESCE(t.data_precision, 38) '
          . 'WHEN t.char_length > 0 THEN t.char_length ELSE t.data_length END AS COLUMN_SIZE, t.data_length AS BUFFER_LENGTH, '
          . 't.data_scale AS DECIMAL_DIGITS, CASE WHEN t.data_type = \'FLOAT\' THEN 2 WHEN t.data_type = \'NUMBER\' THEN 10 END AS NUM_PREC_RADIX, '
          . 'CASE t.nullable WHEN \'N\' THEN 0 ELSE 1 END AS NULLABLE, c.comments AS REMARKS, t.data_default AS COLUMN_DEF, '
          . "$TYPE_NUMBER AS SQL_DATA_TYPE, NULL AS SQL_DATETIME_SUB, NULL AS CHAR_OCTET_LENGTH, t.column_id AS ORDINAL_POSITION, "
          . 'CASE t.nullable WHEN \'N\' THEN \'NO\' ELSE \'YES\' END AS IS_NULLABLE '
          . 'FROM all_tab_columns t LEFT JOIN all_col_comments c ON c.owner = t.owner AND c.table_name = t.table_name AND c.column_name = t.column_name'
          . _and(@where) . ' ORDER BY 2, 3, 17',
        @values
    );
}

sub primary_key_info {
    my ( $dbh, $catalog, $schema, $table ) = @_;
    if ( ref $catalog eq 'HASH' ) { ( $catalog, $schema, $table ) = @$catalog{qw(TABLE_CAT TABLE_SCHEM TABLE_NAME)} }
    return $dbh->set_err( 1, 'primary_key_info needs the name of a table' ) if !defined $table || !length $table;
    my @values;
    my @where = ( q{p.constraint_type = 'P'}, _where( \@values, 'p.owner' => $schema, 'p.table_name' => $table ) );
    return _ask(
        $dbh,
        'SELECT NULL AS TABLE_CAT, c.owner AS TABLE_SCHEM, c.table_name AS TABLE_NAME, c.column_name AS COLUMN_NAME, c.position AS KEY_SEQ, '
          . 'c.constraint_name AS PK_NAME FROM all_constraints p JOIN all_cons_columns c '
          . 'ON c.owner = p.owner AND c.constraint_name = p.constraint_name AND c.table_name = p.table_name'
          . _and(@where) . ' ORDER BY 2, 3, 5',
        @values
    );
}

sub foreign_key_info {
    my ( $dbh, $pk_catalog, $pk_schema, $pk_table, $fk_catalog, $fk_schema, $fk_table ) = @_;
    if ( ref $pk_catalog eq 'HASH' ) {
        ( $pk_schema, $pk_table, $fk_schema, $fk_table ) = @$pk_catalog{qw(UK_TABLE_SCHEM UK_TABLE_NAME FK_TABLE_SCHEM FK_TABLE_NAME)};
    }
    my @values;
    my @where = ( q{f.constraint_type = 'R'}, q{u.constraint_type IN ('P', 'U')} );
    for my $pair ( [ 'u.owner', $pk_schema ], [ 'u.table_name', $pk_table ], [ 'f.owner', $fk_schema ], [ 'f.table_name', $fk_table ] ) {
        next if !defined $pair->[1] || !length $pair->[1];
        push @where,  "$pair->[0] = ?";
        push @values, $pair->[1];
    }
    return _ask(
        $dbh,
        'SELECT NULL AS UK_TABLE_CAT, uc.owner AS UK_TABLE_SCHEM, uc.table_name AS UK_TABLE_NAME, uc.column_name AS UK_COLUMN_NAME, '
          . 'NULL AS FK_TABLE_CAT, fc.owner AS FK_TABLE_SCHEM, fc.table_name AS FK_TABLE_NAME, fc.column_name AS FK_COLUMN_NAME, '
          . 'fc.position AS ORDINAL_POSITION, 3 AS UPDATE_RULE, CASE f.delete_rule WHEN \'CASCADE\' THEN 0 WHEN \'SET NULL\' THEN 2 ELSE 3 END AS DELETE_RULE, '
          . 'f.constraint_name AS FK_NAME, u.constraint_name AS UK_NAME, NULL AS DEFERABILITY, '
          . 'CASE u.constraint_type WHEN \'P\' THEN \'PRIMARY\' ELSE \'UNIQUE\' END AS UNIQUE_OR_PRIMARY '
          . 'FROM all_constraints f JOIN all_constraints u ON u.owner = f.r_owner AND u.constraint_name = f.r_constraint_name '
          . 'JOIN all_cons_columns fc ON fc.owner = f.owner AND fc.constraint_name = f.constraint_name AND fc.table_name = f.table_name '
          . 'JOIN all_cons_columns uc ON uc.owner = u.owner AND uc.constraint_name = u.constraint_name AND uc.table_name = u.table_name '
          . 'AND uc.position = fc.position'
          . _and(@where) . ' ORDER BY 2, 3, 6, 7, 9',
        @values
    );
}

sub statistics_info {
    my ( $dbh, $catalog, $schema, $table, $unique_only ) = @_;
    return $dbh->set_err( 1, 'statistics_info needs the name of a table' ) if !defined $table || !length $table;
    my @values;
    my @where = _where( \@values, 'i.table_owner' => $schema, 'i.table_name' => $table );
    push @where, q{i.uniqueness = 'UNIQUE'} if $unique_only;
    return _ask(
        $dbh,
        'SELECT NULL AS TABLE_CAT, i.table_owner AS TABLE_SCHEM, i.table_name AS TABLE_NAME, CASE i.uniqueness WHEN \'UNIQUE\' THEN 0 ELSE 1 END AS NON_UNIQUE, '
          . 'NULL AS INDEX_QUALIFIER, i.index_name AS INDEX_NAME, CASE i.index_type WHEN \'NORMAL\' THEN \'btree\' WHEN \'CLUSTER\' THEN \'clustered\' '
          . 'ELSE \'other\' END AS "TYPE", c.column_position AS ORDINAL_POSITION, c.column_name AS COLUMN_NAME, '
          . 'CASE c.descend WHEN \'ASC\' THEN \'A\' WHEN \'DESC\' THEN \'D\' END AS ASC_OR_DESC, i.distinct_keys AS CARDINALITY, i.leaf_blocks AS PAGES, '
          . 'NULL AS FILTER_CONDITION FROM all_indexes i JOIN all_ind_columns c ON c.index_owner = i.owner AND c.index_name = i.index_name'
          . _and(@where) . ' ORDER BY 4, 7, 5, 6, 8',
        @values
    );
}

my %INFO = (
    2 => sub {"DBI:Oracle:$_[0]{Name}"}, 6 => 'DBD/Oracle.pm', 14 => '\\', 17 => 'Oracle',
    18 => sub { my @part = split /\./, $_[0]{_info}{version} || '0.0.0'; sprintf '%02d.%02d.%04d', @part[ 0 .. 2 ] },
    25 => sub { $_[0]{ReadOnly} ? 'Y' : 'N' }, 28 => 1, 29 => '"', 30 => sub { _identifier( $_[0] ) }, 32 => sub { _identifier( $_[0] ) },
    35 => sub { _identifier( $_[0] ) }, 39 => 'schema', 40 => 'procedure', 41 => '@', 42 => 'Database Link', 45 => 'table', 46 => 3,
    47 => sub { $_[0]{_info}{user} }, 114 => 2, 10_003 => 'N', 10_005 => sub { _identifier( $_[0] ) },
);

# Characters of a name: 128 since 12.2.
sub _identifier { my ($dbh) = @_; my ( $major, $minor ) = split /\./, $dbh->{_info}{version} || '0.0'; return $major > 12 || $major == 12 && $minor > 1 ? 128 : 30 }

sub get_info {
    my ( $dbh, $number ) = @_;
    my $info = $INFO{$number};
    return ref $info ? $info->($dbh) : $info;
}

sub type_info_all {
    my $type = sub {
        my ( $called, $number, $size, $quotes, $create, $searchable, @scale ) = @_;
        return [
            $called, $number, $size, $quotes->[0], $quotes->[1], $create, 1, $quotes->[0] && $quotes->[0] eq "'" ? 1 : 0, $searchable,
            @scale ? 0 : undef, 0, @scale ? 0 : undef, $called, @scale ? @scale : ( undef, undef ), $number, undef, @scale ? 10 : undef, undef
        ];
    };
    my ( $text, $none ) = ( [ q{'}, q{'} ], [] );
    return [
        CPANBridge::Compat::DBI::Database::type_info_columns(),
        $type->( 'VARCHAR2', 12, 4000, $text, 'max length', 3 ), $type->( 'NVARCHAR2', -9, 4000, $text, 'max length', 3 ),
        $type->( 'CHAR', 1, 2000, $text, 'max length', 3 ), $type->( 'NCHAR', -8, 2000, $text, 'max length', 3 ),
        $type->( 'NUMBER', 3, 38, $none, 'precision,scale', 3, -84, 127 ), $type->( 'FLOAT', 6, 126, $none, 'precision', 3, 0, 127 ),
        $type->( 'BINARY_FLOAT', 7, 24, $none, undef, 3, 0, 0 ), $type->( 'BINARY_DOUBLE', 8, 53, $none, undef, 3, 0, 0 ),
        $type->( 'DATE', 93, 19, $text, undef, 3 ), $type->( 'TIMESTAMP', 93, 29, [ q{TIMESTAMP '}, q{'} ], 'precision', 3 ),
        $type->( 'RAW', -3, 2000, $text, 'max length', 3 ), $type->( 'LONG', -1, 2_147_483_647, $text, undef, 0 ),
        $type->( 'LONG RAW', -4, 2_147_483_647, $text, undef, 0 ), $type->( 'CLOB', 40, 2_147_483_647, $text, undef, 0 ),
        $type->( 'BLOB', 30, 2_147_483_647, $text, undef, 0 ),
    ];
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::OracleCatalog - what there is in an Oracle database

=head1 DESCRIPTION

Used by the replacement of L<DBD::Oracle>; programs have no need of it. The methods are DBI's; the server's views C<ALL_...> are asked.

=head1 METHODS

=head2 table_info

=head2 column_info

=head2 primary_key_info

=head2 foreign_key_info

=head2 statistics_info

=head2 get_info

=head2 type_info_all

=cut
