package CPANBridge::Compat::DBI::EngineDatabase;

use strict;
use warnings;

use Carp ();
use Config ();
use Scalar::Util ();
use mro ();

use CPANBridge::Compat::DBI::EngineTies;

our $VERSION = '0.1.0';

$Carp::Internal{'DBI::DBD::SqlEngine::db'}++;

# A database handle. Attributes with a driver's prefix are known by what init_valid_attributes lists for that prefix:
# sql_ is this class's, f_ DBD::File's, and so on along the drivers' inheritance.

package    # not to be indexed
  DBI::DBD::SqlEngine::db;

use strict;
use warnings;
no warnings 'once';    # DBI's variables are DBI.pm's

our @ISA           = 'DBD::_::db';
our $imp_data_size = 0;

my @VALID = qw(
  engine_version nano_version statement_version handler parser_object sponge_driver valid_attrs readonly_attrs identifier_case
  quoted_identifier_case flags dialect meta meta_map ram_tables table_source data_source init_order init_phase engine_in_gofer
);
my @READONLY = qw(
  engine_version nano_version statement_version handler parser_object sponge_driver valid_attrs readonly_attrs
  quoted_identifier_case init_phase
);

# The driver's prefix, and those of all drivers that it is built on, the nearest first.
sub _prefixes {
    my ($dbh) = @_;
    return @{ $dbh->{sql_prefixes} ||= [ _prefixes_of( ref $dbh ) ] };
}

sub _prefixes_of {
    my ($class) = @_;
    my @prefixes;
    for my $level ( @{ mro::get_linear_isa($class) } ) {
        my ($driver) = $level =~ /\A(DBD::(?!_::).+|DBI::DBD::SqlEngine)::(?:dr|db|st)\z/ or next;
        push @prefixes, DBI->driver_prefix($driver) || ();
    }
    return @prefixes;
}

sub init_valid_attributes {
    my ($dbh) = @_;
    $dbh->{sql_valid_attrs}    = { map { ( "sql_$_" => 1 ) } @VALID };
    $dbh->{sql_readonly_attrs} = { map { ( "sql_$_" => 1 ) } @READONLY };
    return $dbh;
}

# Called with 0 before and with 1 after the attributes that were given to connect have been set.
sub init_default_attributes {
    my ( $dbh, $phase ) = @_;
    if ( defined $phase ) { $dbh->{sql_init_phase} = $phase }
    return $dbh if $phase;
    $dbh->{sql_identifier_case}        = 2;        # SQL_IC_LOWER
    $dbh->{sql_quoted_identifier_case} = 3;        # SQL_IC_SENSITIVE
    $dbh->{sql_dialect}                = 'CSV';
    $dbh->{sql_meta}                   = {};
    $dbh->{sql_meta_map}               = {};
    $dbh->{sql_handler} = DBI::SQL::Nano::Statement->isa('SQL::Statement') ? 'SQL::Statement' : 'DBI::SQL::Nano';
    ( my $table_source = ref $dbh ) =~ s/::db\z/::TableSource/;
    ( my $data_source  = ref $dbh ) =~ s/::db\z/::DataSource/;
    $dbh->{sql_table_source} ||= $table_source if $table_source->can('avail_tables');
    $dbh->{sql_data_source}  ||= $data_source  if $data_source->can('complete_table_name');
    my @tables;

    # Each driver has some attributes without listing them.
    for my $prefix ( $dbh->_prefixes ) {
        my ( $valid, $readonly ) = @$dbh{ "${prefix}valid_attrs", "${prefix}readonly_attrs" };
        my $tables = $prefix eq 'sql_' ? undef : $dbh->{"${prefix}meta"};
        push @tables, grep {defined} $tables, "${prefix}meta";
        if ($valid) { $valid->{$_} = 1 for map( {"$prefix$_"} qw(valid_attrs readonly_attrs version meta) ), grep {defined} $tables }
        if ($readonly) { $readonly->{$_} = 1 for map {"$prefix$_"} qw(valid_attrs readonly_attrs version meta) }
    }
    $dbh->{sql_table_attributes} = { map { ( $_ => 1 ) } @tables };
    $dbh->{sql_init_order}       = { 0 => [qw(Profile RaiseError PrintError AutoCommit)], 90 => \@tables };
    return $dbh;
}

sub init_done {
    my ($dbh) = @_;
    delete $dbh->{sql_init_phase};
    return;
}

sub set_versions {
    my ($dbh) = @_;
    $dbh->{sql_engine_version}    = DBI::DBD::SqlEngine->VERSION;
    $dbh->{sql_nano_version}      = DBI::SQL::Nano->VERSION;
    $dbh->{sql_statement_version} = $DBI::SQL::Nano::versions->{statement_version};
    for my $level ( @{ mro::get_linear_isa( ref $dbh ) } ) {
        my ($driver) = $level =~ /\A(DBD::(?!_::).+)::db\z/ or next;
        my $prefix = DBI->driver_prefix($driver) or next;
        $dbh->{"${prefix}version"} = $driver->VERSION if !defined $dbh->{"${prefix}version"};
    }
    return $dbh;
}

# --- attributes -----------------------------------------------------------------------------------------------------

# The name with the driver's prefix, unless it has one that is known: sep_char is csv_sep_char. What has a prefix that
# nobody here knows is the program's own affair.
sub _with_prefix {
    my ( $dbh, $name ) = @_;
    for my $prefix ( $dbh->_prefixes ) {
        return ( $name, $prefix ) if index( $name, $prefix ) == 0;
    }
    my ($own) = $dbh->_prefixes;
    return ( $name, undef ) if !defined $own || $name =~ /\A(?:dbi|private)_/;
    my $valid = $dbh->{"${own}valid_attrs"};
    return ( $name, undef ) if $name =~ /\A[a-z]+_/ && !( $valid && $valid->{"$own$name"} );
    return ( "$own$name", $own );
}

sub validate_FETCH_attr { return $_[1] }

sub FETCH {
    my ( $dbh, $name ) = @_;
    return 1 if $name eq 'AutoCommit';
    return $dbh->SUPER::FETCH($name) if $name !~ /\A[a-z]/;
    my ( $full, $prefix ) = $dbh->_with_prefix($name);
    return $dbh->SUPER::FETCH($full) if !defined $prefix;
    my ($allowed) = $dbh->validate_FETCH_attr($full);
    $full = $allowed if defined $allowed;
    my $valid = $dbh->{"${prefix}valid_attrs"};
    return $dbh->set_err( $DBI::stderr, "Invalid attribute '$full'" ) if $valid && !$valid->{$full};
    return $dbh->sql_parser_object if $full eq 'sql_parser_object';
    return $dbh->_sponge           if $full eq 'sql_sponge_driver';
    if ( $dbh->{sql_table_attributes}{$full} ) {
        tie my %tables, 'DBI::DBD::SqlEngine::TieTables', $dbh;
        return \%tables;
    }
    my $value = $dbh->{$full};
    my $readonly = $dbh->{"${prefix}readonly_attrs"};
    return ref $value && $readonly && $readonly->{$full} ? _copy($value) : $value;
}

sub _copy {
    my ($value) = @_;
    return ref $value eq 'HASH' ? {%$value} : ref $value eq 'ARRAY' ? [@$value] : $value;
}

sub validate_STORE_attr {
    my ( $dbh, $name, $value ) = @_;
    if ( $name eq 'sql_identifier_case' || $name eq 'sql_quoted_identifier_case' ) {
        Carp::croak("Attribute '$name' must have a value from 1 to 4 (SQL_IC_UPPER to SQL_IC_MIXED)")
          if !defined $value || $value !~ /\A[1-4]\z/;
    }
    return ( $name, $value );
}

sub STORE {
    my ( $dbh, $name, $value ) = @_;
    if ( $name eq 'AutoCommit' ) {
        Carp::croak(q{Can't disable AutoCommit: there are no transactions}) if !$value;
        return $dbh->SUPER::STORE( AutoCommit => -901 );
    }
    return $dbh->SUPER::STORE( $name, $value ) if $name !~ /\A[a-z]/;
    my ( $full, $prefix ) = $dbh->_with_prefix($name);
    return $dbh->SUPER::STORE( $full, $value ) if !defined $prefix;
    my @allowed = $dbh->validate_STORE_attr( $full, $value );
    ( $full, $value ) = @allowed if @allowed;
    my $valid = $dbh->{"${prefix}valid_attrs"};
    return $dbh->set_err( $DBI::stderr, "Invalid attribute '$full'" ) if $valid && !$valid->{$full};
    if ( $dbh->{sql_table_attributes}{$full} ) {
        Carp::croak("Attribute '$full' is a hash of tables, each a hash of attributes; it cannot be set to '$value'") if ref $value ne 'HASH';
        $dbh->set_sql_engine_meta( $_, $value->{$_} ) for sort keys %$value;
        return 1;
    }
    my $readonly = $dbh->{"${prefix}readonly_attrs"};
    return $dbh->set_err( $DBI::stderr, "attribute '$full' is readonly and must not be modified" )
      if $readonly && $readonly->{$full} && defined $dbh->{$full};
    $dbh->{$full} = $value;
    return 1;
}

# --- statements -----------------------------------------------------------------------------------------------------

sub prepare {
    my ( $dbh, $statement, $attributes ) = @_;
    ( my $class = ref $dbh ) =~ s/::db\z/::Statement/;
    my @parser = $class->isa('SQL::Statement') ? $dbh->sql_parser_object : ();
    my $stmt   = eval { $class->new( $statement, @parser ) };
    my $why    = $stmt ? $stmt->errstr : $@;
    if ( defined $why && length $why || !$stmt ) {
        $why =~ s/\s+\z//;
        return $dbh->set_err( $DBI::stderr, $why );
    }
    my ( $outer, $sth ) = DBI::_new_sth( $dbh, { Statement => $statement } );
    $sth->{sql_stmt}   = $stmt;
    $sth->{sql_params} = [];
    $sth->STORE( NUM_OF_PARAMS => scalar $stmt->params );
    return $outer;
}

sub sql_parser_object {
    my ($dbh) = @_;
    return if ( $dbh->{sql_handler} || '' ) ne 'SQL::Statement';
    return $dbh->{sql_parser_object} ||= do {
        require SQL::Parser;
        my %flags = ( RaiseError => $dbh->{RaiseError}, PrintError => 0, %{ $dbh->{sql_flags} || {} } );
        SQL::Parser->new( $dbh->{sql_dialect} || 'CSV', \%flags );
    };
}

sub ping { my ($dbh) = @_; return $dbh->{Active} ? 1 : 0 }

sub disconnect {
    my ($dbh) = @_;
    @$dbh{qw(sql_meta sql_meta_map)} = ( {}, {} );
    delete $dbh->{sql_sponge};
    $dbh->STORE( Active => 0 );
    return 1;
}

sub commit   { return _ineffective( $_[0], 'Commit' ) }
sub rollback { return _ineffective( $_[0], 'Rollback' ) }

sub _ineffective {
    my ( $dbh, $what ) = @_;
    Carp::carp("$what ineffective while AutoCommit is on") if $dbh->{Warn};
    return $what eq 'Commit' ? 1 : 0;
}

sub begin_work { Carp::croak(q{Can't disable AutoCommit: there are no transactions}) }

# A string as the engine in use reads it: SQL::Statement knows a backslash, DBI::SQL::Nano a quote written twice.
sub quote {
    my ( $dbh, $text, $type ) = @_;
    return 'NULL' if !defined $text;
    return $text if defined $type && $type =~ /\A(?:-5|-6|4|5|6|7|8|2|3)\z/ && Scalar::Util::looks_like_number($text);
    if ( $dbh->{sql_handler} eq 'SQL::Statement' ) {
        $text =~ s/([\\'])/\\$1/g;
        $text =~ s/\0/\\0/g;
        $text =~ s/\n/\\n/g;
        $text =~ s/\r/\\r/g;
    }
    else { $text =~ s/'/''/g }
    return "'$text'";
}

# --- what there is --------------------------------------------------------------------------------------------------

my %TYPES = (
    VARCHAR => [ 12, q{'}, q{'}, 1, 999_999 ],
    CHAR    => [ 1,  q{'}, q{'}, 1, 999_999 ],
    INTEGER => [ 4,  '',   '',   0, 0 ],
    REAL    => [ 7,  '',   '',   0, 0 ],
    BLOB    => [ -4, q{'}, q{'}, 1, 999_999 ],
    TEXT    => [ -1, q{'}, q{'}, 1, 999_999 ],
);

sub type_info_all {
    my @names = qw(
      TYPE_NAME DATA_TYPE PRECISION LITERAL_PREFIX LITERAL_SUFFIX CREATE_PARAMS NULLABLE CASE_SENSITIVE SEARCHABLE
      UNSIGNED_ATTRIBUTE MONEY AUTO_INCREMENT LOCAL_TYPE_NAME MINIMUM_SCALE MAXIMUM_SCALE
    );
    return [
        { map { ( $names[$_] => $_ ) } 0 .. $#names },
        map {
            my ( $type, $prefix, $suffix, $text, $scale ) = @{ $TYPES{$_} };
            [ $_, $type, undef, $prefix, $suffix, undef, 1, $text, 3, 0, 0, 0, undef, $text, $scale ]
        } qw(VARCHAR CHAR INTEGER REAL BLOB TEXT)
    ];
}

sub get_avail_tables {
    my ($dbh) = @_;
    my $source = $dbh->{sql_table_source} || 'DBI::DBD::SqlEngine::TableSource';
    my @tables = $source->avail_tables($dbh);
    push @tables, map { [ undef, undef, $_, 'TABLE', 'TEMP' ] } sort keys %{ $dbh->{sql_ram_tables} || {} };
    return @tables;
}

sub table_info {
    my ( $dbh, @names ) = @_;
    my $attributes = ref $names[-1] ? pop @names : undef;
    local $dbh->{sql_table_source} = $attributes->{sql_table_source} if $attributes && $attributes->{sql_table_source};
    my $rows = [ $dbh->get_avail_tables ];
    my @like = map { defined $_ && length $_ && $_ ne '%' ? _like($_) : undef } @names[ 0 .. 2 ];
    my %type = map { ( uc $_ => 1 ) } map { /([^'\s,]+)/g } grep { defined && $_ ne '%' } $names[3];
    for my $row ( splice @$rows ) {
        next if grep { $like[$_] && ( defined $row->[$_] ? $row->[$_] : '' ) !~ $like[$_] } 0 .. 2;
        push @$rows, $row if !%type || $type{ uc $row->[3] };
    }
    return $dbh->_sponge->prepare( 'TABLE_INFO',
        { rows => $rows, NAME => [qw(TABLE_CAT TABLE_SCHEM TABLE_NAME TABLE_TYPE REMARKS)] } );
}

sub _like {
    my ($pattern) = @_;
    my $text = join '', map { $_ eq '%' ? '.*' : $_ eq '_' ? '.' : quotemeta } split /([%_])/, $pattern;
    return qr/\A$text\z/si;
}

sub _sponge {
    my ($dbh) = @_;
    return $dbh->{sql_sponge} ||= DBI->connect( 'dbi:Sponge:', '', '', { RaiseError => 1, PrintError => 0 } );
}

sub list_tables {
    my ($dbh) = @_;
    return map { $_->[2] } $dbh->get_avail_tables;
}

sub data_sources {
    my ( $dbh, @given ) = @_;
    my %attributes = ( %{ $dbh->_source_attributes }, @given == 1 ? %{ $given[0] || {} } : @given );
    return $dbh->{Driver}->data_sources( \%attributes );
}

# What of the handle's attributes says where to look for sources of data.
sub _source_attributes { my ($dbh) = @_; return { sql_table_source => $dbh->{sql_table_source} } }

# --- the tables' meta data ------------------------------------------------------------------------------------------

sub _table_class { ( my $class = ref $_[0] ) =~ s/::db\z/::Table/; return $class }

# A table without attributes stands for the handle: ".".
sub get_single_table_meta {
    my ( $dbh, $table, $attribute ) = @_;
    return $dbh->FETCH($attribute) if $table eq '.';
    my $class = $dbh->_table_class;
    my ( undef, $meta ) = $class->get_table_meta( $dbh, $table );
    Carp::croak("There can be no table '$table': nothing fits its name") if !$meta;
    return $class->get_table_meta_attr( $meta, $attribute );
}

sub set_single_table_meta {
    my ( $dbh, $table, $attribute, $value ) = @_;
    return $dbh->STORE( $attribute, $value ) if $table eq '.';
    my $class = $dbh->_table_class;
    my ( undef, $meta ) = $class->get_table_meta( $dbh, $table );
    Carp::croak("There can be no table '$table': nothing fits its name") if !$meta;
    $class->set_table_meta_attr( $meta, $attribute, $value );
    return 1;
}

# Names of tables as a list, a pattern, "*" for all and the handle, or "+" for all with names of the usual kind.
sub _tables_meant {
    my ( $dbh, $tables ) = @_;
    my @known = sort keys %{ $dbh->{sql_meta} };
    return @$tables if ref $tables eq 'ARRAY';
    return grep { $_ =~ $tables } @known if ref $tables eq 'Regexp';
    return ( '.', @known ) if $tables eq '*';
    return grep {/\A[A-Za-z0-9_]+\z/} @known if $tables eq '+';
    return $tables;
}

# The value for one table and one attribute; hashes of values, or of hashes, where there are more.
sub get_sql_engine_meta {
    my ( $dbh, $tables, $attributes ) = @_;
    my $one = !ref $tables && $tables ne '*' && $tables ne '+';
    my $get = sub {
        my ($table) = @_;
        return $dbh->get_single_table_meta( $table, $attributes ) if !ref $attributes;
        return { map { ( $_ => scalar $dbh->get_single_table_meta( $table, $_ ) ) } @$attributes };
    };
    return $get->($tables) if $one;
    return { map { ( $_ => scalar $get->($_) ) } $dbh->_tables_meant($tables) };
}

sub set_sql_engine_meta {
    my ( $dbh, $tables, $attribute, $value ) = @_;
    my $new = ref $attribute eq 'HASH' ? $attribute : { $attribute => $value };
    for my $table ( $dbh->_tables_meant($tables) ) {
        $dbh->set_single_table_meta( $table, $_, $new->{$_} ) for sort keys %$new;
    }
    return 1;
}

sub clear_sql_engine_meta {
    my ( $dbh, $table ) = @_;
    my ($name) = $dbh->_table_class->get_table_meta( $dbh, $table ) or return;
    $dbh->_forget_table($name);
    return 1;
}

sub _forget_table {
    my ( $dbh, $name ) = @_;
    delete $dbh->{sql_meta}{$name};
    my $map = $dbh->{sql_meta_map};
    delete @$map{ grep { $map->{$_} eq $name } keys %$map };
    return;
}

# Meta data from scratch, with the name as it is given.
sub new_sql_engine_meta {
    my ( $dbh, $table, $values ) = @_;
    $values ||= {};
    Carp::croak('new_meta needs the name of one table and a reference to a hash of attributes')
      if !defined $table || ref $table || ref $values ne 'HASH';
    $dbh->_forget_table($table);
    my $class = $values->{sql_table_class} || $dbh->_table_class;
    my $meta  = {};
    $class->set_table_meta_attr( $meta, $_, $values->{$_} ) for sort keys %$values;
    $class->bootstrap_table_meta( $dbh, $meta, $table );
    my $name = $meta->{sql_data_source}->complete_table_name( $meta, $table, 1 );
    return if !defined $name;
    $dbh->_forget_table($name);
    $class->init_table_meta( $dbh, $meta, $name );
    $meta->{initialized} = 1;
    $dbh->{sql_meta}{$name} = $meta;
    $dbh->{sql_meta_map}{$table} = $name if $table ne $name;
    return 1;
}

# --- versions -------------------------------------------------------------------------------------------------------

# One line for each driver in the inheritance, then DBI, the system and Perl.
sub get_versions {
    my ( $dbh, $table ) = @_;
    my @lines;
    for my $level ( @{ mro::get_linear_isa( ref $dbh ) } ) {
        my ($driver) = $level =~ /\A(DBD::(?!_::).+|DBI::DBD::SqlEngine)::db\z/ or next;
        my $prefix = DBI->driver_prefix($driver) || '';
        my $code   = $dbh->can("get_${prefix}versions");
        my $said   = $code ? $dbh->$code($table) : $driver->VERSION;
        push @lines, [ '  ' x @lines . $driver, defined $said ? $said : '' ];
    }
    push @lines, [ DBI  => DBI->VERSION ];
    push @lines, [ OS   => "$^O ($Config::Config{osvers})" ];
    push @lines, [ Perl => "$] ($Config::Config{archname})" ];
    my ($width) = sort { $b <=> $a } map { length $_->[0] } @lines;
    my @text = map { sprintf "%-${width}s  %s", @$_ } @lines;
    return wantarray ? @text : join "\n", @text;
}

sub get_sql_versions {
    my ($dbh) = @_;
    my $version = $dbh->{sql_handler} eq 'SQL::Statement' ? $dbh->{sql_statement_version} : $dbh->{sql_nano_version};
    return "$dbh->{sql_engine_version} using $dbh->{sql_handler} $version";
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::EngineDatabase - database handles of DBI::DBD::SqlEngine

=head1 DESCRIPTION

Used by the replacement of L<DBI::DBD::SqlEngine>, where the classes are described; programs have no need of it. Here is
the class C<DBI::DBD::SqlEngine::db>.

=head1 METHODS

=head2 init_valid_attributes

=head2 init_default_attributes

=head2 init_done

=head2 set_versions

=head2 validate_FETCH_attr

=head2 FETCH

=head2 validate_STORE_attr

=head2 STORE

=head2 prepare

=head2 sql_parser_object

=head2 ping

=head2 disconnect

=head2 commit

=head2 rollback

=head2 begin_work

=head2 quote

=head2 type_info_all

=head2 get_avail_tables

=head2 table_info

=head2 list_tables

=head2 data_sources

=head2 get_single_table_meta

=head2 set_single_table_meta

=head2 get_sql_engine_meta

=head2 set_sql_engine_meta

=head2 clear_sql_engine_meta

=head2 new_sql_engine_meta

=head2 get_versions

=head2 get_sql_versions

=cut
