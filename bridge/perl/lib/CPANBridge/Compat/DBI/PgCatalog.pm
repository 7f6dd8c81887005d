package CPANBridge::Compat::DBI::PgCatalog;

use strict;
use warnings;

use Carp ();
use Scalar::Util ();
use DBI::Const::GetInfoType ();

use CPANBridge::Compat::DBI::Database;

our $VERSION = '0.1.0';

# DBI's patterns are LIKE's; what has none is compared.
sub _where {
    my ( $values, %given ) = @_;
    my @where;
    for my $column ( sort keys %given ) {
        my $pattern = $given{$column};
        next if !defined $pattern || !length $pattern || $pattern eq '%';
        push @$values, $pattern;
        push @where, sprintf '%s %s ?', $column, $pattern =~ /[%_]/ ? 'LIKE' : '=';
    }
    return @where;
}

sub _ask {
    my ( $dbh, $sql, @values ) = @_;
    my $sth = $dbh->prepare($sql) or return;
    $sth->execute(@values) or return;
    return $sth;
}

my $KIND = q{CASE c.relkind WHEN 'r' THEN 'TABLE' WHEN 'p' THEN 'TABLE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
  WHEN 'f' THEN 'FOREIGN TABLE' END};

sub table_info {
    my ( $dbh, $catalog, $schema, $table, $type ) = @_;
    my @given = map { defined $_ ? $_ : '' } $catalog, $schema, $table, $type;
    my @names = qw(TABLE_CAT TABLE_SCHEM TABLE_NAME TABLE_TYPE REMARKS);
    my $only  = sub {
        my ( $at, $what, $from ) = @_;
        return _ask( $dbh,
            'SELECT ' . join( ', ', map { ( $_ == $at ? $what : 'NULL::text' ) . qq( AS "$names[$_]") } 0 .. 4 ) . " $from" );
    };
    return $only->( 0, 'pg_catalog.current_database()::text', '' ) if $given[0] eq '%' && $given[1] eq '' && $given[2] eq '' && defined $schema && defined $table;
    return $only->( 1, 'n.nspname::text', 'FROM pg_catalog.pg_namespace n ORDER BY 2' )
      if $given[1] eq '%' && $given[0] eq '' && $given[2] eq '' && defined $catalog && defined $table;
    return $only->( 3, 't', q{FROM (VALUES ('LOCAL TEMPORARY'), ('SYSTEM TABLE'), ('SYSTEM VIEW'), ('MATERIALIZED VIEW'), ('SYSTEM MATERIALIZED VIEW'), ('FOREIGN TABLE'), ('SYSTEM FOREIGN TABLE'), ('TABLE'), ('VIEW')) AS v(t) ORDER BY 4} )
      if $given[3] eq '%' && "$given[0]$given[1]$given[2]" eq '' && defined $catalog;
    my @values;
    my @where = ( q{c.relkind IN ('r', 'p', 'v', 'm', 'f')}, _where( \@values, 'n.nspname' => $schema, 'c.relname' => $table ) );
    my $kind = "CASE WHEN n.nspname ~ '^pg_temp' THEN 'LOCAL TEMPORARY' WHEN n.nspname = 'pg_catalog' THEN 'SYSTEM ' || $KIND ELSE $KIND END";
    if ( length $given[3] && $given[3] ne '%' ) {
        my @wanted = map { s/\A\s*'?|'?\s*\z//gr } split /,/, uc $type;
        push @where, "$kind IN (" . join( ', ', ('?') x @wanted ) . ')';
        push @values, @wanted;
    }
    else { push @where, q{n.nspname !~ '^pg_toast'} }
    return _ask(
        $dbh,
        qq{SELECT pg_catalog.current_database()::text AS "TABLE_CAT", n.nspname::text AS "TABLE_SCHEM", c.relname::text AS "TABLE_NAME",
        $kind AS "TABLE_TYPE", d.description AS "REMARKS", pg_catalog.quote_ident(t.spcname) AS "pg_tablespace_name",
        pg_catalog.pg_tablespace_location(t.oid) AS "pg_tablespace_location", n.nspname::text AS "pg_schema", c.relname::text AS "pg_table"
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND d.objsubid = 0 AND d.classoid = 'pg_catalog.pg_class'::regclass
        LEFT JOIN pg_catalog.pg_tablespace t ON t.oid = c.reltablespace
        WHERE } . join( ' AND ', @where ) . ' ORDER BY "TABLE_TYPE", "TABLE_CAT", "TABLE_SCHEM", "TABLE_NAME"',
        @values
    );
}

sub tables {
    my ( $dbh, @names ) = @_;
    my $attributes = ref $names[-1] eq 'HASH' ? pop @names : {};
    my $sth = $dbh->table_info( @names[ 0 .. 3 ] ) or return;
    my $rows = $sth->fetchall_arrayref or return;
    return map { $_->[2] } @$rows if $attributes->{pg_noprefix};
    return map { defined $_->[1] ? "$_->[1].$_->[2]" : $_->[2] } @$rows;
}

sub column_info {
    my ( $dbh, $catalog, $schema, $table, $column ) = @_;
    my @values;
    my @where = (
        q{c.relkind IN ('r', 'p', 'v', 'm', 'f')}, 'a.attnum > 0', 'NOT a.attisdropped',
        _where( \@values, 'n.nspname' => $schema, 'c.relname' => $table, 'a.attname' => $column )
    );
    my $types = join ' ', map { "WHEN $_ THEN " . CPANBridge::Compat::DBI::PgTypes::dbi_type($_) } grep { CPANBridge::Compat::DBI::PgTypes::dbi_type($_) } 16 .. 1800;
    return _ask(
        $dbh,
        qq{SELECT pg_catalog.current_database()::text AS "TABLE_CAT", pg_catalog.quote_ident(n.nspname) AS "TABLE_SCHEM",
        pg_catalog.quote_ident(c.relname) AS "TABLE_NAME", pg_catalog.quote_ident(a.attname) AS "COLUMN_NAME",
        CASE a.atttypid $types ELSE 0 END AS "DATA_TYPE", pg_catalog.format_type(a.atttypid, NULL) AS "TYPE_NAME",
        CASE WHEN a.atttypid IN (1042, 1043) AND a.atttypmod > 4 THEN a.atttypmod - 4
             WHEN a.atttypid = 1700 AND a.atttypmod > 4 THEN (a.atttypmod - 4) >> 16
             WHEN a.attlen > 0 THEN a.attlen END AS "COLUMN_SIZE",
        NULL::text AS "BUFFER_LENGTH",
        CASE WHEN a.atttypid = 1700 AND a.atttypmod > 4 THEN (a.atttypmod - 4) & 65535 END AS "DECIMAL_DIGITS",
        NULL::text AS "NUM_PREC_RADIX", CASE WHEN a.attnotnull THEN 0 ELSE 1 END AS "NULLABLE",
        pg_catalog.col_description(a.attrelid, a.attnum) AS "REMARKS", pg_catalog.pg_get_expr(ad.adbin, ad.adrelid) AS "COLUMN_DEF",
        NULL::text AS "SQL_DATA_TYPE", NULL::text AS "SQL_DATETIME_SUB", NULL::text AS "CHAR_OCTET_LENGTH",
        a.attnum AS "ORDINAL_POSITION", CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS "IS_NULLABLE",
        pg_catalog.format_type(a.atttypid, a.atttypmod) AS "pg_type", (SELECT string_agg(pg_catalog.pg_get_expr(k.conbin, k.conrelid), ', ') FROM pg_catalog.pg_constraint k
          WHERE k.conrelid = c.oid AND k.contype = 'c' AND k.conkey = ARRAY[a.attnum]) AS "pg_constraint",
        n.nspname::text AS "pg_schema", c.relname::text AS "pg_table", a.attname::text AS "pg_column", (SELECT array_agg(e.enumlabel::text ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e WHERE e.enumtypid = a.atttypid) AS "pg_enum_values"
        FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_catalog.pg_attrdef ad ON ad.adrelid = a.attrelid AND ad.adnum = a.attnum
        WHERE } . join( ' AND ', @where ) . ' ORDER BY "TABLE_SCHEM", "TABLE_NAME", "ORDINAL_POSITION"',
        @values
    );
}

sub primary_key_info {
    my ( $dbh, $catalog, $schema, $table, $attributes ) = @_;
    my @values;
    my @where = ( q{k.contype = 'p'}, _where( \@values, 'n.nspname' => $schema, 'c.relname' => $table ) );
    push @where, 'false' if !defined $table || !length $table;
    push @where, 'pg_catalog.pg_table_is_visible(c.oid)' if !defined $schema || !length $schema;
    my $one_row = $attributes && $attributes->{pg_onerow} || 0;
    my ( $columns, $numbers, $types ) =
        $one_row == 2 ? map {"array_agg($_ ORDER BY u.position)"} 'pg_catalog.quote_ident(a.attname)', 'u.position::text', 't.typname::text'
      : $one_row ? map {"string_agg($_, ', ' ORDER BY u.position)"} 'pg_catalog.quote_ident(a.attname)', 'u.position::text', 't.typname::text'
      :            ( 'pg_catalog.quote_ident(a.attname)', 'u.position', 't.typname::text' );
    my $last = $one_row ? ' GROUP BY 1, 2, 3, 6, s.spcname, s.oid, n.nspname, c.relname ORDER BY 2, 3' : ' ORDER BY 2, 3, 5';
    return _ask(
        $dbh,
        qq{SELECT pg_catalog.current_database()::text AS "TABLE_CAT", pg_catalog.quote_ident(n.nspname) AS "TABLE_SCHEM",
        pg_catalog.quote_ident(c.relname) AS "TABLE_NAME", $columns AS "COLUMN_NAME",
        $numbers AS "KEY_SEQ", pg_catalog.quote_ident(k.conname) AS "PK_NAME", $types AS "DATA_TYPE",
        pg_catalog.quote_ident(s.spcname) AS "pg_tablespace_name", pg_catalog.pg_tablespace_location(s.oid) AS "pg_tablespace_location",
        n.nspname::text AS "pg_schema", c.relname::text AS "pg_table"
        FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS u(number, position)
        JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number
        JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
        LEFT JOIN pg_catalog.pg_tablespace s ON s.oid = c.reltablespace
        WHERE } . join( ' AND ', @where ) . $last,
        @values
    );
}

sub statistics_info {
    my ( $dbh, $catalog, $schema, $table, $unique_only, $quick ) = @_;
    return if !defined $table || !length $table;
    my @values;
    my @where = ( q{c.relkind IN ('r', 'p', 'm')}, 'c.relname = ?' );
    push @values, $table;
    if ( defined $schema && length $schema ) { push @where, 'n.nspname = ?'; push @values, $schema }
    else                                     { push @where, 'pg_catalog.pg_table_is_visible(c.oid)' }
    my $where = join ' AND ', @where;
    my $unique = $unique_only ? ' AND i.indisunique' : '';
    my $ordered = q{u.n <= i.indnkeyatts AND m.amname = 'btree'};
    my $sql = qq{SELECT pg_catalog.current_database()::text AS "TABLE_CAT", n.nspname::text AS "TABLE_SCHEM", c.relname::text AS "TABLE_NAME",
        CASE WHEN i.indisunique THEN 0 ELSE 1 END AS "NON_UNIQUE", NULL::text AS "INDEX_QUALIFIER", ic.relname::text AS "INDEX_NAME",
        CASE WHEN i.indisclustered THEN 'clustered' WHEN m.amname = 'btree' THEN 'btree' WHEN m.amname = 'hash' THEN 'hashed'
          ELSE 'other' END AS "TYPE",
        u.n::int AS "ORDINAL_POSITION", a.attname::text AS "COLUMN_NAME",
        CASE WHEN NOT ($ordered) THEN NULL WHEN o.option & 1 = 1 THEN 'D' ELSE 'A' END AS "ASC_OR_DESC",
        ic.reltuples::float8 AS "CARDINALITY", ic.relpages AS "PAGES", pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS "FILTER_CONDITION",
        pg_catalog.pg_get_indexdef(i.indexrelid, u.n::int, true) AS "pg_expression",
        CASE WHEN u.n <= i.indnkeyatts THEN 1 ELSE 0 END AS "pg_is_key_column",
        CASE WHEN NOT ($ordered) THEN NULL WHEN o.option & 2 = 2 THEN 'first' ELSE 'last' END AS "pg_null_ordering"
        FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid
        JOIN pg_catalog.pg_am m ON m.oid = ic.relam
        CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS u(number, n)
        LEFT JOIN LATERAL unnest(i.indoption) WITH ORDINALITY AS o(option, n) ON o.n = u.n
        LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.number AND u.number <> 0
        WHERE $where$unique};
    if ( !$unique_only ) {
        $sql .= qq{ UNION ALL SELECT pg_catalog.current_database()::text, n.nspname::text, c.relname::text, NULL, NULL, NULL, 'table',
            NULL, NULL, NULL, c.reltuples::float8, c.relpages, NULL, NULL, NULL, NULL
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE $where};
        push @values, @values;
    }
    return _ask( $dbh, "$sql ORDER BY 4, 7, 6, 8", @values );
}

# What column_info and primary_key had as their predecessor.
sub table_attributes {
    my ( $dbh, $table ) = @_;
    my %is_key = map { ( $_ => 1 ) } $dbh->primary_key( '', '', $table );
    my $sth = $dbh->column_info( '', '', $table, '' ) or return;
    return [
        map {
            {
                NAME => $_->{COLUMN_NAME}, TYPE => $_->{TYPE_NAME}, SIZE => $_->{COLUMN_SIZE}, NULLABLE => $_->{NULLABLE},
                DEFAULT => $_->{COLUMN_DEF}, CONSTRAINT => $_->{pg_constraint}, PRIMARY_KEY => $is_key{ $_->{COLUMN_NAME} } ? 1 : 0,
                REMARKS => $_->{REMARKS}
            }
        } @{ $sth->fetchall_arrayref( {} ) }
    ];
}

sub primary_key {
    my ( $dbh, @names ) = @_;
    my $sth = $dbh->primary_key_info( @names[ 0 .. 2 ] ) or return;
    return map { $_->[3] } @{ $sth->fetchall_arrayref || [] };
}

sub foreign_key_info {
    my ( $dbh, $pk_catalog, $pk_schema, $pk_table, $fk_catalog, $fk_schema, $fk_table ) = @_;
    my @values;
    my @names = map { defined $_ ? $_ : '' } $pk_schema, $pk_table, $fk_schema, $fk_table;
    my @where = (
        q{k.contype = 'f'},
        _where( \@values, 'pn.nspname' => $pk_schema, 'pc.relname' => $pk_table, 'fn.nspname' => $fk_schema, 'fc.relname' => $fk_table )
    );
    push @where, 'false' if !length "$names[1]$names[3]";
    push @where, 'pg_catalog.pg_table_is_visible(pc.oid)' if !length $names[0];
    push @where, 'pg_catalog.pg_table_is_visible(fc.oid)' if !length $names[2];
    my $rule = sub { return "CASE k.$_[0] WHEN 'c' THEN 0 WHEN 'r' THEN 1 WHEN 'n' THEN 2 WHEN 'a' THEN 3 WHEN 'd' THEN 4 END" };
    return _ask(
        $dbh,
        q{SELECT pg_catalog.current_database()::text AS "UK_TABLE_CAT", pn.nspname::text AS "UK_TABLE_SCHEM", pc.relname::text AS "UK_TABLE_NAME",
        pa.attname::text AS "UK_COLUMN_NAME", pg_catalog.current_database()::text AS "FK_TABLE_CAT", fn.nspname::text AS "FK_TABLE_SCHEM",
        fc.relname::text AS "FK_TABLE_NAME", fa.attname::text AS "FK_COLUMN_NAME", u.position AS "ORDINAL_POSITION", }
          . $rule->('confupdtype') . ' AS "UPDATE_RULE", ' . $rule->('confdeltype') . q{ AS "DELETE_RULE", k.conname::text AS "FK_NAME",
        uk.conname::text AS "UK_NAME", CASE WHEN NOT k.condeferrable THEN 7 WHEN k.condeferred THEN 5 ELSE 6 END AS "DEFERABILITY",
        CASE uk.contype WHEN 'p' THEN 'PRIMARY' ELSE 'UNIQUE' END AS "UNIQUE_OR_PRIMARY",
        pt.typname::text AS "UK_DATA_TYPE", ft.typname::text AS "FK_DATA_TYPE"
        FROM pg_catalog.pg_constraint k
        JOIN pg_catalog.pg_class fc ON fc.oid = k.conrelid JOIN pg_catalog.pg_namespace fn ON fn.oid = fc.relnamespace
        JOIN pg_catalog.pg_class pc ON pc.oid = k.confrelid JOIN pg_catalog.pg_namespace pn ON pn.oid = pc.relnamespace
        LEFT JOIN pg_catalog.pg_constraint uk ON uk.conindid = k.conindid AND uk.contype IN ('p', 'u')
        CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS u(here, there, position)
        JOIN pg_catalog.pg_attribute fa ON fa.attrelid = fc.oid AND fa.attnum = u.here
        JOIN pg_catalog.pg_attribute pa ON pa.attrelid = pc.oid AND pa.attnum = u.there
        JOIN pg_catalog.pg_type pt ON pt.oid = pa.atttypid JOIN pg_catalog.pg_type ft ON ft.oid = fa.atttypid
        WHERE } . join( ' AND ', @where ) . ' ORDER BY 6, 7, 12, 9',
        @values
    );
}

# The sequence of a column: the one that its default takes numbers from, or that an identity has.
my $SEQUENCE = q{SELECT coalesce(
    replace(substring(pg_catalog.pg_get_expr(d.adbin, d.adrelid) FROM 'nextval\(''(.+?)''::'), '''''', ''''),
    pg_catalog.pg_get_serial_sequence(a.attrelid::regclass::text, a.attname))
  FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
  LEFT JOIN pg_catalog.pg_index i ON i.indrelid = a.attrelid AND i.indisprimary AND a.attnum = ANY (i.indkey)
  WHERE a.attrelid = ?::regclass AND (? = '' OR a.attname = ?)
  AND (a.attidentity <> '' OR pg_catalog.pg_get_expr(d.adbin, d.adrelid) ~ '^nextval')
  ORDER BY i.indrelid IS NULL, a.attnum LIMIT 1};

sub last_insert_id {
    my ( $dbh, $catalog, $schema, $table, $column, $attributes ) = @_;
    $attributes = { sequence => $attributes } if defined $attributes && !ref $attributes;
    return $dbh->set_err( 1, 'last_insert_id: the last argument must be a hashref' ) if $attributes && ref $attributes ne 'HASH';
    ( $schema, $table, $column ) = map { defined $_ ? $_ : '' } $schema, $table, $column;
    my $sequence = $attributes && defined $attributes->{sequence} ? $attributes->{sequence} : '';
    return $dbh->set_err( 1, 'last_insert_id needs at least a sequence or a table' ) if @_ > 1 && !length $table && !length $sequence;
    if ( !length $sequence && length $table ) {
        my $cached = \$dbh->{_sequence}{"$schema\0$table\0$column"};
        undef $$cached if $attributes && exists $attributes->{pg_cache} && !$attributes->{pg_cache};
        $sequence = $$cached;
        if ( !defined $sequence ) {
            my $from = ( length $schema ? $dbh->quote_identifier($schema) . '.' : '' ) . $dbh->quote_identifier($table);
            my ($there) = $dbh->selectrow_array( 'SELECT pg_catalog.to_regclass(?)', undef, $from );
            return if $dbh->{_e}[0];
            return $dbh->set_err( 1, "last_insert_id could not find the table $from" ) if !defined $there;
            ($sequence) = $dbh->selectrow_array( $SEQUENCE, undef, $from, $column, $column );
            return if $dbh->{_e}[0];
            return $dbh->set_err( 1, qq(No suitable column found for last_insert_id of table "$table") ) if !defined $sequence;
            $$cached = $sequence;
        }
    }
    my ($id) = length $sequence
      ? $dbh->selectrow_array( 'SELECT pg_catalog.currval(?::regclass)', undef, $sequence )
      : $dbh->selectrow_array('SELECT pg_catalog.lastval()');
    return $id;
}

# --- quoting --------------------------------------------------------------------------------------------------------

sub quote {
    my ( $dbh, $value, $type ) = @_;
    return 'NULL' if !defined $value;
    if ( ref $value eq 'ARRAY' ) { $value = CPANBridge::Compat::DBI::PgTypes::array_text($value); undef $type }
    elsif ( ref $value && !Scalar::Util::blessed($value) ) { die "Cannot quote a reference\n" }
    Carp::croak('Second argument to quote must be a hashref or a number of DBI\'s') if defined $type && ref $type ne 'HASH' && $type !~ /\A-?\d+\z/;
    my $number = ref $type eq 'HASH' ? $type->{pg_type} : defined $type ? CPANBridge::Compat::DBI::PgTypes::of_dbi($type) || $type : undef;
    if ( $number && CPANBridge::Compat::DBI::PgTypes::is_bytes($number) ) {
        utf8::encode($value) if !utf8::downgrade( $value, 1 );
        $value =~ s{([^ -~]|['\\])}{ $1 eq "'" ? "''" : $1 eq '\\' ? '\\\\\\\\' : sprintf '\\\\%03o', ord $1 }ge;
        return "E'$value'";
    }
    if ( $number && ( my $wrong = CPANBridge::Compat::DBI::PgTypes::wrong_geometry( $number, $value ) ) ) { return $dbh->set_err( 1, $wrong ) }
    if ( $number && CPANBridge::Compat::DBI::PgTypes::is_integer($number) ) {
        return $dbh->set_err( 1, 'Invalid integer' ) if $value !~ /\A\s*[-+]?\d+\s*\z/;
        return $value;
    }
    if ( $number && grep { $number == $_ } 700, 701, 1700 ) {
        return $dbh->set_err( 1, 'Invalid float' ) if $value !~ /\A\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*\z/i && $value !~ /\A(?:NaN|[-+]?Infinity)\z/i;
        return $value;
    }
    if ( $number && $number == 19 ) { return _name( $dbh, $value ) }
    if ( $number && $number == 16 ) {
        return 'TRUE'  if $value =~ /\A(?:1|t|true|y|yes|on|0E0|0 but true)\z/i;
        return 'FALSE' if $value =~ /\A(?:0|f|false|n|no|off|)\z/i;
        return $dbh->set_err( 1, 'Invalid boolean value' );
    }
    $value =~ s/'/''/g;
    return $value =~ s/\\/\\\\/g ? "E'$value'" : "'$value'";
}

# A name is quoted only where the server would take it for something else.
sub _name {
    my ( $dbh, $name ) = @_;
    my $words = $dbh->{_keywords} ||= { map { ( $_ => 1 ) } @{ $dbh->selectcol_arrayref('SELECT word FROM pg_catalog.pg_get_keywords()') || [] } };
    return $name if $name =~ /\A[a-z_][a-z0-9_]*\z/ && !$words->{$name};
    return $dbh->quote_identifier($name);
}

sub quote_identifier {
    my ( $dbh, @names ) = @_;
    pop @names if ref $names[-1];
    shift @names if @names == 3;    # another database cannot be reached
    return join '.', map { my $name = $_; $name =~ s/"/""/g; qq("$name") } grep {defined} @names;
}

my %INFO = (
    2 => sub {"dbi:Pg:$_[0]{Name}"}, 6 => 'DBD/Pg.pm', 13 => sub { $_[0]{pg_host} }, 14 => '\\', 16 => sub { $_[0]{pg_db} },
    17 => 'PostgreSQL', 18 => sub { my $v = $_[0]{pg_server_version}; sprintf '%02d.%02d.%02d00', $v / 10_000, $v / 100 % 100, $v % 100 },
    0 => sub { _show( $_[0], 'max_connections' ) }, 7 => sub { sprintf '%02d.%02d.%02d00', $DBD::Pg::VERSION =~ /(\d+)\.(\d+)\.(\d+)/ },
    25 => sub { _show( $_[0], 'transaction_read_only' ) eq 'on' ? 'Y' : 'N' },
    26 => sub { _show( $_[0], 'transaction_isolation' ) =~ /read/ ? 2 : 8 },
    89 => sub { join ',', map {uc} @{ $_[0]->selectcol_arrayref(q{SELECT word FROM pg_catalog.pg_get_keywords() WHERE catcode <> 'U' ORDER BY word}) || [] } },
    10_004 => sub { my ($order) = $_[0]->selectrow_array('SELECT datcollate FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()'); $order },
    28 => 2, 29 => '"', 30 => 63, 32 => 63, 35 => 63, 39 => 'schema', 41 => '.',
    42 => 'catalog', 45 => 'table', 46 => 2, 47 => sub { $_[0]{_user} }, 91 => 31, 93 => 3, 107 => 63, 114 => 1, 10_003 => 'Y', 10_005 => 63,
);

sub _show { my ( $dbh, $name ) = @_; return ( $dbh->selectrow_array("SHOW $name") )[0] }

sub get_info {
    my ( $dbh, $number ) = @_;
    return if !defined $number;
    $number = $DBI::Const::GetInfoType::GetInfoType{$number} if $number !~ /\A\d+\z/;
    return if !defined $number;
    my $info = $INFO{$number};
    return ref $info ? $info->($dbh) : $info;
}

sub type_info_all {
    my $type = sub { my ( $called, $number, $size, $quote ) = @_; return [ $called, $number, $size, $quote, $quote, undef, 1, $quote ? 1 : 0, 3, undef, 0, undef, $called, (undef) x 6 ] };
    return [
        CPANBridge::Compat::DBI::Database::type_info_columns(),
        $type->( 'bytea',   -3, 4096, "'" ), $type->( 'bool', 16, 1, "'" ), $type->( 'int8', -5, 20, undef ), $type->( 'int2', 5, 5, undef ),
        $type->( 'int4',    4, 10, undef ),  $type->( 'text', -1, 4096, "'" ), $type->( 'float4', 6, 12, undef ), $type->( 'float8', 7, 24, undef ),
        $type->( 'numeric', 2, 1000, undef ), $type->( 'varchar', 12, 4096, "'" ), $type->( 'bpchar', 1, 4096, "'" ),
        $type->( 'date', 91, 10, "'" ), $type->( 'time', 92, 18, "'" ), $type->( 'timestamp', 11, 47, "'" ), $type->( 'timestamptz', 95, 47, "'" ),
    ];
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::PgCatalog - what there is in a PostgreSQL database

=head1 DESCRIPTION

Used by the replacement of L<DBD::Pg>; programs have no need of it. The methods are DBI's; the server's catalog is asked.

=head1 METHODS

=head2 table_info

=head2 tables

=head2 column_info

=head2 primary_key_info

=head2 primary_key

=head2 statistics_info

=head2 table_attributes

=head2 foreign_key_info

=head2 last_insert_id

=head2 quote

=head2 quote_identifier

=head2 get_info

=head2 type_info_all

=cut
