use strict;
use warnings;

use Cwd ();
use Fcntl qw(:flock);
use File::Temp qw(tempdir);
use Test::More;

use lib 'lib/CPANBridge/Compat/shims';
BEGIN { $ENV{DBI_SQL_NANO} = 1 }    # whatever else this machine has
use DBI;

my @warnings;
local $SIG{__WARN__} = sub { push @warnings, @_ };

my $folder = Cwd::abs_path( tempdir( CLEANUP => 1 ) );

# A driver as DBD::File's documentation describes one: a line is a row, its fields are separated by colons, and the
# first line has the names.
{

    package DBD::Colon;
    BEGIN { $INC{'DBD/Colon.pm'} = __FILE__ }
    use base 'DBD::File';
    our $VERSION = '1.2';
    our $watch;

    package DBD::Colon::dr;
    our @ISA           = 'DBD::File::dr';
    our $imp_data_size = 0;

    package DBD::Colon::db;
    our @ISA           = 'DBD::File::db';
    our $imp_data_size = 0;

    sub init_valid_attributes {
        my ($dbh) = @_;
        $dbh->{colon_valid_attrs} = { map { ( "colon_$_" => 1 ) } qw(separator tables version) };
        $dbh->{colon_meta} = 'colon_tables';
        return $dbh->SUPER::init_valid_attributes;
    }

    package DBD::Colon::st;
    our @ISA           = 'DBD::File::st';
    our $imp_data_size = 0;

    package DBD::Colon::Statement;
    our @ISA = 'DBD::File::Statement';

    package DBD::Colon::Table;
    our @ISA = 'DBD::File::Table';
    __PACKAGE__->register_compat_map( { separator => 'colon_separator' } );

    sub bootstrap_table_meta {
        my ( $class, $dbh, $meta, $table ) = @_;
        $meta->{colon_separator} ||= $dbh->{colon_separator} || ':';
        return $class->SUPER::bootstrap_table_meta( $dbh, $meta, $table );
    }

    sub open_data {
        my ( $class, $meta, $attributes, $flags ) = @_;
        $class->SUPER::open_data( $meta, $attributes, $flags );
        return if $flags->{createMode} || $flags->{dropMode};
        my $line = readline $meta->{fh};
        chomp( $line = defined $line ? $line : '' );
        $meta->{col_names}     = [ split /\Q$meta->{colon_separator}/, $line ];
        $meta->{first_row_pos} = tell $meta->{fh};
        return;
    }

    sub fetch_row {
        my ($self) = @_;
        $DBD::Colon::watch->('reading') if $DBD::Colon::watch;
        my $line = readline $self->{meta}{fh};
        return if !defined $line;
        chomp $line;
        die "line $. of the file is bad\n" if $line =~ /bad/;
        return $self->{row} = [ split /\Q$self->{meta}{colon_separator}/, $line, -1 ];
    }

    sub push_row {
        my ( $self, $data, $row ) = @_;
        $DBD::Colon::watch->('writing') if $DBD::Colon::watch;
        return print { $self->{fh} } join( $self->{meta}{colon_separator}, map { defined $_ ? $_ : '' } @$row ), "\n";
    }
    sub push_names { my ( $self, $data, $names ) = @_; return $self->push_row( $data, $names ) }
}

sub connected {
    my ( $driver, %attributes ) = @_;
    return DBI->connect( "dbi:$driver:", undef, undef, { RaiseError => 1, PrintError => 0, f_dir => $folder, %attributes } );
}

sub content {
    my ($name) = @_;
    open my $in, '<', "$folder/$name" or return;
    local $/;
    return scalar <$in>;
}

sub written {
    my ( $name, $text ) = @_;
    open my $out, '>', "$folder/$name" or die "$name: $!";
    print {$out} $text;
    close $out or die "$name: $!";
    return;
}

sub fails {
    my ( $code, $expected, $what ) = @_;
    my $lived = eval { $code->(); 1 };
    like( $lived ? 'it did not fail' : $@, $expected, $what );
    return;
}

sub rows { my ( $dbh, @query ) = @_; return join ' ', map { join ',', map { defined $_ ? $_ : 'NULL' } @$_ } @{ $dbh->selectall_arrayref(@query) } }

# --- the SQL engine -------------------------------------------------------------------------------------------------

my $mem = DBI->connect( 'dbi:Mem:', '', '', { RaiseError => 1, PrintError => 0 } );
$mem->do('CREATE TABLE stock (item VARCHAR(20) PRIMARY KEY, amount INTEGER NOT NULL, price NUMERIC(7,2), CONSTRAINT c CHECK (amount > 0))');
my $insert = $mem->prepare('INSERT INTO stock VALUES (?, ?, ?)');
is( $insert->{NUM_OF_PARAMS}, 3, 'placeholders are counted' );
$insert->execute(@$_) for [ nails => 100, 0.5 ], [ screws => 9, 2 ], [ 'a hammer' => 1, 10 ], [ rope => undef, 3 ];
is( $mem->do("INSERT INTO stock (price, item) VALUES (1, 'glue, white'), (2, 'it''s')"), 2, 'several rows, and strings with a comma and a quote' );

my %answer = (
    'amount > 5'                                   => 'nails screws',
    q{amount > 5 AND NOT item = 'nails'}           => 'screws',
    q{item = 'nails' OR item = 'rope'}             => 'nails rope',
    '(amount = 1 OR amount = 9) AND price = 2.0'   => 'screws',
    '(amount + 1) * 2 = 20'                        => 'screws',
    'amount IS NULL'                               => 'rope;glue, white;it\'s',
    'NOT amount = 9'                               => 'nails;a hammer',
    'amount BETWEEN 1 AND 9'                       => 'screws;a hammer',
    'amount IN (1, 100)'                           => 'nails;a hammer',
    'amount NOT IN (1, NULL)'                      => '',
    q{item LIKE '%a__'}                            => '',
    q{item LIKE '_a%'}                             => 'nails',
    q{item CLIKE 'A HAM%'}                         => 'a hammer',
    q{item = 'it''s'}                              => q{it's},
    q{stock.item = 'rope' -- a remark}             => 'rope',
    'amount = -1'                                  => '',
);
for my $condition ( sort keys %answer ) {
    my $got = join ';', @{ $mem->selectcol_arrayref("SELECT item FROM stock WHERE $condition") };
    ( my $expected = $answer{$condition} ) =~ s/(?<=s) (?=screws|rope)/;/g;
    is( $got, $expected, "WHERE $condition" );
}
is( rows( $mem, 'SELECT item FROM stock ORDER BY amount DESC, item LIMIT 3 OFFSET 1' ), q{screws a hammer glue, white}, 'ORDER BY and LIMIT' );
is( rows( $mem, 'SELECT DISTINCT price FROM stock ORDER BY 1' ), '0.5 1 2 3 10', 'DISTINCT, and 10 after 2' );
my $sth = $mem->prepare('SELECT Item, amount * price AS worth, "price" FROM stock WHERE item = ?');
$sth->execute('nails');
is( join( ' ', @{ $sth->{NAME} } ), 'Item worth price', 'names of what is selected' );
is( join( ' ', map { defined $_ ? $_ : '?' } @{ $sth->fetchrow_arrayref } ), 'nails 50 0.5', 'computed values' );
is( $sth->fetchrow_arrayref, undef, 'the end' );
ok( !$sth->{Active}, 'and not active any more' );
for my $text ( q{it's}, q{a\\b}, "two\nlines", q{say "so"}, '?', '--', q{''} ) {
    is( scalar $mem->selectrow_array( 'SELECT ' . $mem->quote($text) . " FROM stock WHERE item = 'nails'" ), $text, "quote: $text" );
}
is( $mem->do('UPDATE stock SET amount = amount + 1, price = NULL WHERE amount = 9'), 1,      'UPDATE' );
is( rows( $mem, q{SELECT * FROM stock WHERE item = 'screws'} ), 'screws,10,NULL', 'and what it did' );
is( $mem->do('DELETE FROM stock WHERE amount IS NULL'), 3, 'DELETE' );

fails( sub { $mem->prepare('SELECT COUNT(*) FROM stock') },      qr/COUNT\(\.\.\.\) is a function: .* SQL::Statement has/, 'functions' );
fails( sub { $mem->prepare('SELECT * FROM stock, other') },      qr/one table was expected, but more are named/,           'joins' );
fails( sub { $mem->prepare('SELECT item stock') },               qr/FROM was expected, but there is the end/,              'FROM forgotten' );
fails( sub { $mem->prepare(q{SELECT * FROM stock WHERE a = 'b}) }, qr/a quote is opened and not closed: 'b/,               'an open quote' );
fails( sub { $mem->do('SELECT nothing FROM stock') },            qr/No such column 'nothing'/,                             'no such column' );
fails( sub { $mem->do('INSERT INTO stock VALUES (1, 2)') },      qr/The table has 3 columns, but there are 2 values/,      'too few values' );
fails( sub { $insert->execute(1) },                              qr/passed 1 parameters where 3 required/,                 'too few parameters' );
fails( sub { $mem->do('CREATE TABLE STOCK (a)') },               qr/Cannot create the table stock: it exists/,             'a table that exists' );
fails( sub { $mem->do('DROP TABLE nowhere') },                   qr/there is no such table/,                               'dropping nothing' );
fails( sub { $mem->{AutoCommit} = 0 },                           qr/there are no transactions/,                            'AutoCommit' );
ok( $mem->do('DROP TABLE IF EXISTS nowhere'), 'IF EXISTS' );
is( join( ' ', $mem->tables ), 'stock', 'tables' );
is( scalar @{ $mem->table_info( undef, undef, 'n%', 'TABLE' )->fetchall_arrayref }, 0, 'table_info looks at the name' );

# --- drivers for files ----------------------------------------------------------------------------------------------

my $colon = connected( 'Colon', f_ext => '.txt' );
$colon->do('CREATE TABLE Staff (name TEXT, phone TEXT)');
is( content('staff.txt'), "name:phone\n", 'a table is created' );
$colon->do( 'INSERT INTO STAFF VALUES (?, ?)', undef, @$_ ) for [ Fred => '233' ], [ Ann => '777' ], [ Junk => 'x' ];
$colon->do(q{DELETE FROM staff WHERE name = 'Junk'});
$colon->do(q{UPDATE staff SET phone = '9' WHERE name = 'Fred'});
is( content('staff.txt'), "name:phone\nFred:9\nAnn:777\n", 'written, changed, shortened' );
is( rows( $colon, 'SELECT phone, name FROM staff ORDER BY name' ), '777,Ann 9,Fred', 'read' );
is( $colon->colon_get_meta( 'staff', 'f_fqfn' ), "$folder/staff.txt", 'the method with the prefix of the driver' );
is( $colon->f_get_meta( 'STAFF', 'f_fqfn' ), "$folder/staff.txt", 'and with that of its base' );
like( scalar $colon->colon_versions, qr/^DBD::Colon +1\.2\n +DBD::File +\d.*\n +DBI::DBD::SqlEngine .* using DBI::SQL::Nano/, 'versions' );
fails( sub { $colon->do('CREATE TABLE staff (a)') }, qr/Cannot create \S+staff\.txt: there is such a file/, 'what exists is not created' );
is( content('staff.txt'), "name:phone\nFred:9\nAnn:777\n", 'and left alone' );

written( 'other.txt', "name,phone\nBob,1\n" );
$colon->{colon_tables}{other}{separator} = ',';
is( rows( $colon, 'SELECT * FROM other' ), 'Bob,1', 'an attribute of one table, by its short name' );
fails( sub { $colon->{colon_nonsense} = 1 }, qr/Invalid attribute 'colon_nonsense'/, 'an attribute that the driver does not know' );
fails( sub { $colon->{f_version}      = 1 }, qr/attribute 'f_version' is readonly/,  'one that cannot be set' );
fails( sub { connected( 'Colon', f_dir => "$folder/none" ) }, qr/No such directory '\Q$folder\E\/none'/, 'a directory that is not there' );

written( 'broken.txt', "a:b\n1:2\nbad\n3:4\n" );
fails( sub { $colon->do('UPDATE broken SET a = 9') }, qr/line 3 of the file is bad/, 'a row that cannot be read' );
is( content('broken.txt'), "a:b\n1:2\nbad\n3:4\n", 'stops an update before anything is written' );
ok( $colon->do('DROP TABLE broken'), 'and keeps no lock' );
ok( !-e "$folder/broken.txt", 'DROP removes the file' );

fails( sub { $colon->do('SELECT * FROM late') }, qr/Cannot open \S+late\.txt: .*\(2\)/, 'a table that is not there' );
written( 'LATE', "k\n1\n" );
is( rows( $colon, 'SELECT * FROM late' ), '1', 'is found when it is, without extension and in other case' );

mkdir "$folder/below" or die $!;
written( 'below/secret.txt', "k\n1\n" );
fails( sub { $colon->do("SELECT * FROM $_") }, qr/Using data files in \S+ is unsafe and not allowed/, "no way to $_" )
  for 'below/secret', '"../below/secret"', "$folder/below/secret.txt", '/etc/passwd';
is( rows( $colon, qq{SELECT * FROM "$folder/LATE"} ), '1', 'but to what is in f_dir' );
$colon->{colon_tables}{hidden}{file} = 'below/secret.txt';
is( rows( $colon, 'SELECT * FROM hidden' ), '1', 'the program itself may name a file' );
my $wide = connected( 'Colon', f_ext => '.txt/r', f_dir_search => ["$folder/below"], f_schema => undef );
is( join( ' ', sort $wide->tables ), 'other secret staff', 'f_ext with /r, and f_dir_search' );
is( rows( $wide, 'SELECT * FROM secret' ), '1', 'a table in a directory that is searched' );

my $looking = connected( 'Colon', f_ext => '.txt', ReadOnly => 1 );
is( rows( $looking, 'SELECT name FROM staff' ), 'Fred Ann', 'ReadOnly reads' );
fails( sub { $looking->do($_) }, qr/'staff' is marked readonly/, "and refuses: $_" )
  for 'DELETE FROM staff', 'DROP TABLE staff', q{INSERT INTO staff VALUES ('a', 'b')};

open my $stream, '<', "$folder/staff.txt" or die $!;
$colon->{colon_tables}{stream} = { f_file => $stream };
is( rows( $colon, 'SELECT name FROM stream' ), 'Fred Ann', 'a handle that is open' );
open my $memory, '<', \"k:v\n1:2\n" or die $!;
$colon->{colon_tables}{memory} = { f_file => $memory };
is( rows( $colon, 'SELECT v FROM memory' ), '2', 'and one on a string' );

SKIP: {
    skip 'there is no /dev/full', 1 if !-c '/dev/full';
    my $full = connected('Colon');
    $full->{colon_tables}{full} = { f_file => '/dev/full', col_names => ['a'] };
    no warnings qw(once redefine);
    local *DBD::Colon::Table::open_data = sub { my $class = shift; return $class->DBD::File::Table::open_data(@_) };
    local *DBD::Colon::Table::seek      = sub { return 1 };
    fails( sub { $full->do('INSERT INTO full VALUES (1)') }, qr{Cannot write /dev/full: }, 'a full disk is an error, though it shows late' );
}

# Who reads lets others read, who writes keeps everybody out: seen from a second handle on the file, as other processes see it.
{
    my $can = sub {
        my ($lock) = @_;
        open my $other, '<', "$folder/staff.txt" or die $!;
        return flock( $other, $lock | LOCK_NB ) ? 1 : 0;
    };
    my %seen;
    local $DBD::Colon::watch = sub { $seen{ $_[0] } = $can->(LOCK_SH) . $can->(LOCK_EX); return };
    $colon->selectall_arrayref('SELECT * FROM staff');
    $colon->do(q{INSERT INTO staff VALUES ('Bo', 1)});
    is_deeply( \%seen, { reading => '10', writing => '00' }, 'locks while a table is open' );
    is( $can->(LOCK_EX), 1, 'and none afterwards' );
    connected( 'Colon', f_ext => '.txt', f_lock => 0 )->selectall_arrayref('SELECT * FROM staff');
    is( $seen{reading}, '11', 'f_lock => 0 does without' );
}

# --- DBM files ------------------------------------------------------------------------------------------------------

my $dbm = connected('DBM');
$dbm->do('CREATE TABLE fruit (name CHAR(10), amount INTEGER)');
ok( -f "$folder/fruit$_", "fruit$_" ) for '.pag', '.dir', '.lck';
my $put = $dbm->prepare('INSERT INTO fruit VALUES (?, ?)');
$put->execute(@$_) for [ apples => 7 ], [ pears => 5 ], [ 7 => 1 ];
is( rows( $dbm, q{SELECT amount FROM fruit WHERE name = 'pears'} ), '5',    'looked up by the key' );
is( rows( $dbm, 'SELECT amount FROM fruit WHERE name = ?', undef, 7 ), '1', 'which may be a number' );
is( rows( $dbm, 'SELECT amount FROM fruit WHERE name = 7.0' ), '1', 'in another form' );
fails( sub { $put->execute( apples => 1 ) },                           qr/Row with key 'apples' already exists/, 'a key that is there' );
fails( sub { $put->execute( undef, 1 ) },                              qr/key name of a row cannot be NULL/,     'a key that is none' );
fails( sub { $dbm->do(q{UPDATE fruit SET name = 'pears' WHERE amount = 7}) }, qr/already exists/,                'a key changed to another' );
fails( sub { $put->execute( long => 'x' x 2000 ) },                    qr/Cannot write the row 'long' to \S+fruit\.pag: /, 'too long' );
$dbm->do(q{UPDATE fruit SET name = 'plums' WHERE name = 'apples'});
is( rows( $dbm, 'SELECT * FROM fruit ORDER BY amount' ), '7,1 pears,5 plums,7', 'nothing else has changed' );
fails( sub { $dbm->do('CREATE TABLE three (a, b, c)') }, qr/3 columns: .* MLDBM/, 'three columns' );
ok( !grep( {-e} glob "$folder/three*" ), 'leave no file behind' );
fails( sub { local $dbm->{dbm_type} = 'MLDBM'; $dbm->do('SELECT * FROM any') }, qr/'MLDBM' is not a type of DBM files/, 'a type that is none' );
like( $dbm->dbm_versions('fruit'), qr/^DBD::DBM .* using SDBM_File \(/, 'versions say what is used' );

tie my %fruit, 'SDBM_File', "$folder/fruit", 0, 0666 or die $!;
is( $fruit{"_metadata \0"}, '<dbd_metadata><schema></schema><col_names>name,amount</col_names></dbd_metadata>', 'the names are in the file' );
untie %fruit;
tie my %plain, 'SDBM_File', "$folder/plain", Fcntl::O_RDWR() | Fcntl::O_CREAT(), 0666 or die $!;
$plain{one} = 1;
untie %plain;
is( rows( $dbm, 'SELECT k, v FROM plain' ), 'one,1', 'a file of another program' );
$dbm->{dbm_tables}{named} = { file => 'plain.pag', cols => [qw(word number)], store_metadata => 0 };
is( rows( $dbm, 'SELECT word FROM named WHERE number = 1' ), 'one', 'with names for its columns' );
is( join( ' ', map { $_->[2] } @{ $dbm->table_info->fetchall_arrayref } ), 'fruit plain', 'only its files are tables' );
$dbm->do('DROP TABLE fruit');
ok( !grep( {-e} glob "$folder/fruit*" ), 'DROP removes all parts' );

is( DBI->driver_prefix('DBD::DBM'), 'dbm_', 'driver_prefix' );
is( DBI->driver_prefix('DBD::File'), 'f_', 'of one that has another' );
is_deeply( \@warnings, [], 'no warnings' );

done_testing;
