package CPANBridge::Compat::DBI::MySQLCatalog;

use strict;
use warnings;

use CPANBridge::Bytes;
use CPANBridge::Compat::DBI::Database;

our $VERSION = '0.1.0';

sub _ask {
    my ( $dbh, $sql, @values ) = @_;
    my $sth = $dbh->prepare($sql) or return;
    $sth->execute(@values) or return;
    return $sth;
}

# DBI's patterns are LIKE's.
sub _where {
    my ( $values, @pairs ) = @_;
    my @where;
    while ( my ( $column, $pattern ) = splice @pairs, 0, 2 ) {
        next if !defined $pattern || $pattern eq '%' || !length $pattern;
        push @$values, $pattern;
        push @where,   "$column LIKE ?";
    }
    return @where;
}

my $KIND = q{CASE TABLE_TYPE WHEN 'BASE TABLE' THEN 'TABLE' ELSE TABLE_TYPE END};

sub table_info {
    my ( $dbh, $catalog, $schema, $table, $type ) = @_;
    my @given = map { defined $_ ? $_ : '' } $catalog, $schema, $table, $type;
    my $only = sub {
        my ( $at, $what, $from ) = @_;
        my @names = qw(TABLE_CAT TABLE_SCHEM TABLE_NAME TABLE_TYPE REMARKS);
        return _ask( $dbh, 'SELECT ' . join( ', ', map { ( $_ == $at ? $what : 'NULL' ) . " AS $names[$_]" } 0 .. 4 ) . " $from" );
    };
    return $only->( 0, 'NULL', 'FROM DUAL WHERE FALSE' ) if $given[0] eq '%' && "$given[1]$given[2]" eq '';
    return $only->( 1, 'SCHEMA_NAME', 'FROM information_schema.SCHEMATA ORDER BY 2' )
      if $given[1] eq '%' && "$given[0]$given[2]" eq '';
    return $only->( 3, 't', q{FROM (SELECT 'TABLE' AS t UNION SELECT 'VIEW') AS v ORDER BY 4} )
      if $given[3] eq '%' && "$given[0]$given[1]$given[2]" eq '';
    my @values;
    my @where = _where( \@values, TABLE_SCHEMA => $schema, TABLE_NAME => $table );
    push @where, 'TABLE_SCHEMA = DATABASE()' if !length $given[1];
    if ( length $given[3] && $given[3] ne '%' ) {
        my @wanted = map { s/\A\s*'?|'?\s*\z//gr } split /,/, uc $type;
        push @where,  "$KIND IN (" . join( ', ', ('?') x @wanted ) . ')';
        push @values, @wanted;
    }
    return _ask(
        $dbh,
        "SELECT NULL AS TABLE_CAT, TABLE_SCHEMA AS TABLE_SCHEM, TABLE_NAME, $KIND AS TABLE_TYPE, TABLE_COMMENT AS REMARKS "
          . 'FROM information_schema.TABLES' . ( @where ? ' WHERE ' . join ' AND ', @where : '' ) . ' ORDER BY 4, 2, 3',
        @values
    );
}

# DBI's number of each type, by its name.
my %NUMBER = (
    tinyint => -6, smallint => 5, mediumint => 4, int => 4, integer => 4, bigint => -5, decimal => 3, numeric => 2, float => 7, double => 8, real => 7,
    bit => -2, char => 1, varchar => 12, binary => -2, varbinary => -3, tinyblob => -4, blob => -4, mediumblob => -4, longblob => -4,
    tinytext => -1, text => -1, mediumtext => -1, longtext => -1, enum => 12, set => 12, date => 91, time => 92, datetime => 93, timestamp => 93, year => 5,
    json => -1,
);

my @COLUMN = @CPANBridge::Compat::DBI::Database::COLUMN_INFO;

sub column_info {
    my ( $dbh, $catalog, $schema, $table, $column ) = @_;
    my $prefix = $dbh->{_prefix};
    my @values;
    my @where = _where( \@values, TABLE_SCHEMA => $schema, TABLE_NAME => $table, COLUMN_NAME => $column );
    push @where, 'TABLE_SCHEMA = DATABASE()' if !defined $schema || !length $schema;
    my $rows = $dbh->selectall_arrayref(
        'SELECT TABLE_SCHEMA, TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_MAXIMUM_LENGTH, NUMERIC_PRECISION, NUMERIC_SCALE, '
          . 'IS_NULLABLE, COLUMN_COMMENT, COLUMN_DEFAULT, CHARACTER_OCTET_LENGTH, ORDINAL_POSITION, COLUMN_KEY, EXTRA '
          . 'FROM information_schema.COLUMNS WHERE ' . join( ' AND ', @where ) . ' ORDER BY 1, 2, 13',
        undef, @values
    ) or return;
    my @made;
    for my $row (@$rows) {
        my ( $in, $of, $name, $type, $whole, $length, $precision, $scale, $null, $comment, $default, $octets, $at, $key, $extra ) = @$row;
        $type = lc $type;
        undef $default if defined $default && $default eq 'NULL';
        $default = $1 =~ s/''/'/gr if defined $default && $default =~ /\A'(.*)'\z/s;
        my $values = $whole =~ /\A(?:enum|set)\((.*)\)/is ? [ map { s/''/'/gr } $1 =~ /'((?:[^']|'')*)'/g ] : undef;
        my $number = $NUMBER{$type};
        push @made, [
            undef, $in, $of, $name, defined $number ? $number : 12, uc( $whole =~ /unsigned/i ? "$type UNSIGNED" : $type ),
            defined $length ? $length : $precision, undef, $scale, defined $precision ? 10 : undef, $null eq 'YES' ? 1 : 0, $comment, $default,
            defined $number ? $number : 12, undef, $octets, $at, $null, (undef) x 18,
            $key eq 'PRI' ? 1 : '', $extra =~ /auto_increment/i ? 1 : 0, $whole, $values,
        ];
    }
    return $dbh->_made( [ @COLUMN, map {"${prefix}_$_"} qw(is_pri_key is_auto_increment type_name values) ], \@made );
}

# A statement handle with rows that were found out already.
sub _made {
    my ( $dbh, $names, $rows ) = @_;
    my ( $outer, $sth ) = DBI::_new_sth( $dbh,
        { Statement => 'catalog', _names => [], _params => [], _rows => $rows, _batch => scalar @$rows, _more => 0, _fetched => 0, _count => scalar @$rows, _kind => 'SELECT' } );
    $sth->STORE( NAME          => $names );
    $sth->STORE( NUM_OF_FIELDS => scalar @$names );
    $sth->STORE( Active        => 1 );
    return $outer;
}

sub primary_key_info {
    my ( $dbh, $catalog, $schema, $table ) = @_;
    return $dbh->set_err( 1, 'primary_key_info needs the name of a table' ) if !defined $table || !length $table;
    my @values = ( $table, defined $schema && length $schema ? $schema : () );
    return _ask(
        $dbh,
        'SELECT NULL AS TABLE_CAT, '
          . ( @values > 1 ? 'TABLE_SCHEMA' : 'NULL' )
          . ' AS TABLE_SCHEM, TABLE_NAME, COLUMN_NAME, ORDINAL_POSITION AS KEY_SEQ, CONSTRAINT_NAME AS PK_NAME '
          . q{FROM information_schema.KEY_COLUMN_USAGE WHERE CONSTRAINT_NAME = 'PRIMARY' AND TABLE_NAME = ? AND TABLE_SCHEMA = }
          . ( @values > 1 ? '?' : 'DATABASE()' ) . ' ORDER BY 2, 3, 5',
        @values
    );
}

sub foreign_key_info {
    my ( $dbh, $pk_catalog, $pk_schema, $pk_table, $fk_catalog, $fk_schema, $fk_table ) = @_;
    my @values;
    my @where = (
        'k.REFERENCED_TABLE_NAME IS NOT NULL',
        map { my ( $column, $value ) = @$_; defined $value && length $value ? do { push @values, $value; "$column = ?" } : () }
          [ 'k.REFERENCED_TABLE_SCHEMA', $pk_schema ], [ 'k.REFERENCED_TABLE_NAME', $pk_table ], [ 'k.TABLE_SCHEMA', $fk_schema ],
        [ 'k.TABLE_NAME', $fk_table ]
    );
    my $rule = sub { return "CASE r.$_[0] WHEN 'CASCADE' THEN 0 WHEN 'RESTRICT' THEN 1 WHEN 'SET NULL' THEN 2 WHEN 'NO ACTION' THEN 3 ELSE 4 END" };
    return _ask(
        $dbh,
        'SELECT NULL AS PKTABLE_CAT, k.REFERENCED_TABLE_SCHEMA AS PKTABLE_SCHEM, k.REFERENCED_TABLE_NAME AS PKTABLE_NAME, '
          . 'k.REFERENCED_COLUMN_NAME AS PKCOLUMN_NAME, NULL AS FKTABLE_CAT, k.TABLE_SCHEMA AS FKTABLE_SCHEM, k.TABLE_NAME AS FKTABLE_NAME, '
          . 'k.COLUMN_NAME AS FKCOLUMN_NAME, k.ORDINAL_POSITION AS KEY_SEQ, ' . $rule->('UPDATE_RULE') . ' AS UPDATE_RULE, '
          . $rule->('DELETE_RULE') . ' AS DELETE_RULE, k.CONSTRAINT_NAME AS FK_NAME, r.UNIQUE_CONSTRAINT_NAME AS PK_NAME, 7 AS DEFERABILITY, '
          . q{CASE r.UNIQUE_CONSTRAINT_NAME WHEN 'PRIMARY' THEN 'PRIMARY' ELSE 'UNIQUE' END AS UNIQUE_OR_PRIMARY }
          . 'FROM information_schema.KEY_COLUMN_USAGE k JOIN information_schema.REFERENTIAL_CONSTRAINTS r '
          . 'ON r.CONSTRAINT_SCHEMA = k.CONSTRAINT_SCHEMA AND r.CONSTRAINT_NAME = k.CONSTRAINT_NAME AND r.TABLE_NAME = k.TABLE_NAME WHERE '
          . join( ' AND ', @where ) . ' ORDER BY 6, 7, 12, 9',
        @values
    );
}

sub statistics_info {
    my ( $dbh, $catalog, $schema, $table, $unique_only ) = @_;
    return $dbh->set_err( 1, 'statistics_info needs the name of a table' ) if !defined $table || !length $table;
    my @values = ( $table, defined $schema && length $schema ? $schema : () );
    return _ask(
        $dbh,
        'SELECT NULL AS TABLE_CAT, TABLE_SCHEMA AS TABLE_SCHEM, TABLE_NAME, NON_UNIQUE, NULL AS INDEX_QUALIFIER, INDEX_NAME, '
          . 'lower(INDEX_TYPE) AS TYPE, SEQ_IN_INDEX AS ORDINAL_POSITION, COLUMN_NAME, COLLATION AS ASC_OR_DESC, CARDINALITY, NULL AS PAGES, '
          . 'NULL AS FILTER_CONDITION FROM information_schema.STATISTICS WHERE TABLE_NAME = ? AND TABLE_SCHEMA = '
          . ( @values > 1 ? '?' : 'DATABASE()' ) . ( $unique_only ? ' AND NON_UNIQUE = 0' : '' ) . ' ORDER BY 4, 6, 8',
        @values
    );
}

# --- quoting --------------------------------------------------------------------------------------------------------

my %ESCAPE = ( "\0" => '\\0', "\n" => '\\n', "\r" => '\\r', '\\' => '\\\\', q{'} => q{\\'}, '"' => '\\"', "\x1a" => '\\Z' );
my %IS_NUMBER = map { ( $_ => 1 ) } 2 .. 8, -5, -6, -7;
my %IS_BYTES = map { ( $_ => 1 ) } -2, -3, -4, 30;

sub quote {
    my ( $dbh, $text, $type ) = @_;
    return $dbh->_refuse if $dbh->{_running};
    return 'NULL' if !defined $text;
    return "$text" if $type && $IS_NUMBER{$type} && CPANBridge::Compat::DBI::MySQL::is_number($text);
    $text = "$text";
    if ( $type && $IS_BYTES{$type} ) {
        utf8::encode($text) if !utf8::downgrade( $text, 1 );
        return "X'" . uc( unpack 'H*', $text ) . "'";
    }
    if ( $dbh->{_plain_backslashes} ) {    # by the server's sql_mode
        $text =~ s/'/''/g;
        return "'$text'";
    }
    $text =~ s/([\0\n\r\\'"\x1a])/$ESCAPE{$1}/g;
    return "'$text'";
}

my %INFO = (
    2 => sub {"DBI:$_[0]{Driver}{Name}:$_[0]{Name}"},
    7 => sub { sprintf '%02d.%02d.%04d', ( split /[._]/, $_[0]{Driver}{Version} ), 0, 0 },
    10_021 => 2, 10_022 => 1,    # statements run asynchronously, one at a time
    6 => sub {"DBD/$_[0]{Driver}{Name}.pm"}, 13 => sub { $_[0]{_info}{host} },
    14 => '\\', 16 => sub { ( $_[0]->selectrow_array('SELECT DATABASE()') )[0] },
    17 => sub { $_[0]{_info}{version} =~ /maria/i ? 'MariaDB' : 'MySQL' },
    18 => sub { my $v = $_[0]->FETCH('mariadb_serverversion'); sprintf '%02d.%02d.%02d00', $v / 10_000, $v / 100 % 100, $v % 100 },
    25 => sub { $_[0]{ReadOnly} ? 'Y' : 'N' }, 28 => 4, 29 => '`', 30 => 64, 32 => 64, 35 => 64, 39 => '', 41 => '.', 42 => 'database', 45 => 'table', 46 => 3,
    47 => sub { $_[0]{Username} }, 105 => sub { $_[0]->FETCH('mariadb_max_allowed_packet') }, 106 => 63, 114 => 1, 10_003 => 'Y', 10_005 => 64,
);

sub get_info {
    my ( $dbh, $number ) = @_;
    my $info = defined $number ? $INFO{$number} : undef;
    return ref $info ? $info->($dbh) : $info;
}

sub type_info_all {
    my $type = sub { my ( $called, $number, $size, $quote ) = @_; return [ $called, $number, $size, $quote, $quote, undef, 1, 0, 3, $quote ? undef : 0, 0, $quote ? 0 : 1, $called, (undef) x 6 ] };
    return [
        CPANBridge::Compat::DBI::Database::type_info_columns(),
        $type->( 'varchar', 12, 255, "'" ), $type->( 'decimal', 3, 65, '' ), $type->( 'tinyint', -6, 3, '' ), $type->( 'smallint', 5, 5, '' ),
        $type->( 'integer', 4, 10, '' ), $type->( 'float', 7, 7, '' ), $type->( 'double', 8, 15, '' ), $type->( 'timestamp', 93, 19, "'" ),
        $type->( 'bigint', -5, 19, '' ), $type->( 'mediumint', 4, 8, '' ), $type->( 'date', 91, 10, "'" ), $type->( 'time', 92, 8, "'" ),
        $type->( 'datetime', 93, 19, "'" ), $type->( 'year', 5, 4, '' ), $type->( 'enum', 12, 255, "'" ), $type->( 'set', 12, 255, "'" ),
        $type->( 'blob', -4, 65_535, "'" ), $type->( 'longblob', -4, 2_147_483_647, "'" ), $type->( 'text', -1, 65_535, "'" ),
        $type->( 'longtext', -1, 2_147_483_647, "'" ), $type->( 'char', 1, 255, "'" ), $type->( 'binary', -2, 255, "'" ),
        $type->( 'varbinary', -3, 255, "'" ), $type->( 'bit', -2, 64, '' ), $type->( 'numeric', 2, 65, '' ),
    ];
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::MySQLCatalog - what there is in a MariaDB or MySQL database

=head1 DESCRIPTION

Used by the replacements of L<DBD::MariaDB> and L<DBD::mysql>; programs have no need of it. The methods are DBI's; the server's
C<information_schema> is asked.

=head1 METHODS

=head2 table_info

=head2 column_info

=head2 primary_key_info

=head2 foreign_key_info

=head2 statistics_info

=head2 quote

=head2 get_info

=head2 type_info_all

=cut
