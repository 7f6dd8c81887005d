package CPANBridge::Compat::DBI::PgTypes;

use strict;
use warnings;

our $VERSION = '0.1.0';

# PostgreSQL's numbers of its types (pg_type.oid): name, number, the number of arrays of it, DBI's type.
my @TYPES = (
    [ bool        => 16,   1000, 16 ],
    [ bytea       => 17,   1001, -3 ],
    [ char        => 18,   1002, 1 ],
    [ name        => 19,   1003, 12 ],
    [ int8        => 20,   1016, -5 ],
    [ int2        => 21,   1005, 5 ],
    [ int2vector  => 22,   1006, 0 ],
    [ int4        => 23,   1007, 4 ],
    [ regproc     => 24,   1008, 0 ],
    [ text        => 25,   1009, -1 ],
    [ oid         => 26,   1028, 0 ],
    [ tid         => 27,   1010, 0 ],
    [ xid         => 28,   1011, 0 ],
    [ cid         => 29,   1012, 0 ],
    [ json        => 114,  199,  0 ],
    [ xml         => 142,  143,  0 ],
    [ point       => 600,  1017, 0 ],
    [ lseg        => 601,  1018, 0 ],
    [ path        => 602,  1019, 0 ],
    [ box         => 603,  1020, 0 ],
    [ polygon     => 604,  1027, 0 ],
    [ line        => 628,  629,  0 ],
    [ cidr        => 650,  651,  0 ],
    [ float4      => 700,  1021, 0 ],
    [ float8      => 701,  1022, 6 ],
    [ unknown     => 705,  0,    0 ],
    [ circle      => 718,  719,  0 ],
    [ macaddr8    => 774,  775,  0 ],
    [ money       => 790,  791,  0 ],
    [ macaddr     => 829,  1040, 0 ],
    [ inet        => 869,  1041, 0 ],
    [ bpchar      => 1042, 1014, 1 ],
    [ varchar     => 1043, 1015, 12 ],
    [ date        => 1082, 1182, 91 ],
    [ time        => 1083, 1183, 92 ],
    [ timestamp   => 1114, 1115, 11 ],
    [ timestamptz => 1184, 1185, 95 ],
    [ interval    => 1186, 1187, 0 ],
    [ timetz      => 1266, 1270, 94 ],
    [ bit         => 1560, 1561, 0 ],
    [ varbit      => 1562, 1563, 0 ],
    [ numeric     => 1700, 1231, 2 ],
    [ refcursor   => 1790, 2201, 0 ],
    [ regclass    => 2205, 2210, 0 ],
    [ regtype     => 2206, 2211, 0 ],
    [ record      => 2249, 2287, 0 ],
    [ cstring     => 2275, 1263, 0 ],
    [ any         => 2276, 0,    0 ],
    [ void        => 2278, 0,    0 ],
    [ uuid        => 2950, 2951, 0 ],
    [ tsvector    => 3614, 3643, 0 ],
    [ tsquery     => 3615, 3645, 0 ],
    [ jsonb       => 3802, 3807, 0 ],
    [ int4range   => 3904, 3905, 0 ],
    [ numrange    => 3906, 3907, 0 ],
    [ tsrange     => 3908, 3909, 0 ],
    [ tstzrange   => 3910, 3911, 0 ],
    [ daterange   => 3912, 3913, 0 ],
    [ int8range   => 3926, 3927, 0 ],
);

# The others, which DBI has no number for.
push @TYPES, map { [ split( / / ), 0 ] } split /\s{2,}|\n\s*/, <<'END' =~ s/\A\s+|\s+\z//gr;
  oidvector 30 1013  pg_type 71 210  pg_attribute 75 270  pg_proc 81 272  pg_class 83 273  pg_ddl_command 32 0  pg_node_tree 194 0  table_am_handler 269 0  index_am_handler 325 0
  aclitem 1033 1034  regprocedure 2202 2207  regoper 2203 2208  regoperator 2204 2209  anyarray 2277 0
  trigger 2279 0  language_handler 2280 0  internal 2281 0  anyelement 2283 0  anynonarray 2776 0
  txid_snapshot 2970 2949  fdw_handler 3115 0  pg_lsn 3220 3221  tsm_handler 3310 0  pg_ndistinct 3361 0
  pg_dependencies 3402 0  anyenum 3500 0  gtsvector 3642 3644  regconfig 3734 3735  regdictionary 3769 3770
  anyrange 3831 0  event_trigger 3838 0  jsonpath 4072 4073  regnamespace 4089 4090  regrole 4096 4097
  regcollation 4191 4192  int4multirange 4451 6150  nummultirange 4532 6151  tsmultirange 4533 6152
  tstzmultirange 4534 6153  datemultirange 4535 6155  int8multirange 4536 6157  anymultirange 4537 0
  anycompatiblemultirange 4538 0  pg_brin_bloom_summary 4600 0  pg_brin_minmax_multi_summary 4601 0
  pg_mcv_list 5017 0  pg_snapshot 5038 5039  xid8 5069 271  anycompatible 5077 0  anycompatiblearray 5078 0
  anycompatiblenonarray 5079 0  anycompatiblerange 5080 0
END

my ( %name, %dbi, %constant );
for my $type (@TYPES) {
    my ( $called, $number, $array, $dbi ) = @$type;
    $name{$number} = $called;
    $dbi{$number}  = $dbi;
    $constant{ 'PG_' . uc $called } = $number;
    next if !$array;
    $name{$array} = "_$called";
    $dbi{$array}  = 50;
    $constant{ 'PG_' . uc($called) . 'ARRAY' } = $array;
}

my %other = (
    PG_ASYNC           => 1,
    PG_OLDQUERY_CANCEL => 2,
    PG_OLDQUERY_WAIT   => 4,
    PG_MIN_SMALLINT    => -32_768,
    PG_MAX_SMALLINT    => 32_767,
    PG_MIN_INTEGER     => -2_147_483_648,
    PG_MAX_INTEGER     => 2_147_483_647,
    PG_MIN_BIGINT      => '-9223372036854775808',
    PG_MAX_BIGINT      => '9223372036854775807',
    PG_MIN_SMALLSERIAL => 1,
    PG_MAX_SMALLSERIAL => 32_767,
    PG_MIN_SERIAL      => 1,
    PG_MAX_SERIAL      => 2_147_483_647,
    PG_MIN_BIGSERIAL   => 1,
    PG_MAX_BIGSERIAL   => '9223372036854775807',
);

my %of_dbi = ( 4 => 23, 5 => 21, -5 => 20, 6 => 701, 7 => 700, 8 => 701, 2 => 1700, 3 => 1700, 12 => 1043, 1 => 1042, -1 => 25, 16 => 16,
    91 => 1082, 92 => 1083, 11 => 1114, 93 => 1114, 94 => 1266, 95 => 1184, -2 => 17, -3 => 17, -4 => 17, 30 => 17 );

sub limits { return [ sort grep {/_M(?:IN|AX)_/} keys %other ] }

sub names { return [ sort keys %constant ] }

sub define {
    my ($package) = @_;
    my %all = ( %constant, %other );
    for my $name ( keys %all ) {
        my $value = $all{$name};
        no strict 'refs';
        *{"${package}::$name"} = sub () { $value };
    }
    return;
}

sub name { my ($number) = @_; return exists $name{$number} ? $name{$number} : 'unknown' }

sub dbi_type { my ($number) = @_; return exists $dbi{$number} ? $dbi{$number} : 0 }

sub of_dbi { my ($type) = @_; return defined $type ? $of_dbi{$type} : undef }

sub is_bytes { return $_[0] == 17 }

# Numbers, truth values, bytes, and arrays of numbers come as what they are.
my %is_no_text = map { $_ => 1 } 16, 17, 20, 21, 23, 26, 1000, 1001, 1005, 1007, 1016, 1028;
sub is_no_text { return $is_no_text{ $_[0] } }

my %is_integer = map { $_ => 1 } 20, 21, 23;
sub is_integer { return $is_integer{ $_[0] } }

# Signs that values of geometric types are made of.
my $NUMBERS  = qr/[\s0-9.,eE+()-]*/;
my %GEOMETRY = (
    ( map { $_ => qr/\A$NUMBERS\z/ } 600, 601, 603, 604, 628 ),
    602 => qr/\A[\[\]\s0-9.,eE+()-]*\z/,
    718 => qr/\A[<>\s0-9.,eE+()-]*\z/,
);

# Says what is wrong with a value of such a type; nothing for one that may be right, and for other types.
sub wrong_geometry {
    my ( $number, $value ) = @_;
    my $fits = $GEOMETRY{$number} or return;
    return if $value =~ $fits;
    return 'Invalid input for ' . ( $number == 602 ? 'path' : $number == 718 ? 'circle' : 'geometric' ) . ' type';
}

# Sizes are in the modifier that comes with a column, in a way of each type's own.
sub sizes {
    my ( $what, $types, $modifiers ) = @_;
    my $precision = $what eq 'PRECISION';
    my %fixed = ( 16 => 1, 21 => 2, 23 => 4, 20 => 8, 26 => 4, 700 => 4, 701 => 8, 1082 => 4, 1114 => 8, 1184 => 8 );
    my $at = 0;
    return [
        map {
            my $modifier = $modifiers->[ $at++ ];
            my $sized    = defined $modifier && $modifier >= 4;
                $_ == 1700 ? ( $sized ? ( $precision ? ( $modifier - 4 ) >> 16 : ( $modifier - 4 ) & 0xFFFF ) : undef )
              : !$precision ? undef
              : $_ == 1042 || $_ == 1043 ? ( $sized ? $modifier - 4 : undef )
              :                            $fixed{$_}
        } @$types
    ];
}

# An array of Perl as the server reads it.
sub array_text {
    my ($list) = @_;
    my %sizes = map { ( ( ref $_ eq 'ARRAY' ? scalar @$_ : 'scalar' ) => 1 ) } @$list;
    die "Array elements must be of equal size\n" if keys %sizes > 1 && !grep { ref && ref ne 'ARRAY' } @$list;
    return '{' . join(
        ',',
        map {
                !defined $_        ? 'NULL'
              : ref $_ eq 'ARRAY'  ? array_text($_)
              : ref $_             ? die "Arrays must contain only scalars and other arrays\n"
              :                      _element("$_")
        } @$list
    ) . '}';
}

sub _element {
    my ($text) = @_;
    utf8::decode($text) if !utf8::is_utf8($text);
    $text =~ s/(["\\])/\\$1/g;
    return qq("$text");
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::DBI::PgTypes - PostgreSQL's types by their numbers

=head1 DESCRIPTION

Used by the replacement of L<DBD::Pg>; programs have no need of it.

=head1 FUNCTIONS

=head2 names

Returns the names of the constants, C<PG_INT4> and its like.

=head2 limits

Returns the names of the least and greatest numbers of types.

=head2 define

Defines them in a package.

=head2 name

=head2 dbi_type

Return a type's name, and DBI's number for it.

=head2 of_dbi

Returns the type for a number of DBI's.

=head2 is_bytes

Whether values of a type are bytes.

=head2 is_no_text

Whether values of a type come as other than text.

=head2 is_integer

Whether they are whole numbers.

=head2 wrong_geometry

Says what is wrong with a value of a geometric type.

=head2 sizes

Returns C<PRECISION> or C<SCALE> of columns.

=head2 array_text

Returns an array as text.

=cut
