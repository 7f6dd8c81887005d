use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;

use CPANBridge::Compat::DBI::OracleConnect;
use CPANBridge::Compat::DBI::OracleNames;

my @warnings;
local $SIG{__WARN__} = sub { push @warnings, @_ };

my $folder = tempdir( CLEANUP => 1 );
delete @ENV{ grep {/\A(?:ORA|NLS|TNS|TWO_TASK)/} keys %ENV };
$ENV{HOME} = "$folder/home";
mkdir "$folder/$_" for qw(home admin oracle oracle/network oracle/network/admin);

sub file {
    my ( $name, $text ) = @_;
    open my $out, '>', "$folder/$name" or die "$name: $!";
    print {$out} $text;
    close $out or die $!;
    return "$folder/$name";
}

sub resolve { return CPANBridge::Compat::DBI::OracleNames::resolve(@_) }
sub target  { return CPANBridge::Compat::DBI::OracleConnect::target(@_) }

# --- where names are looked for -----------------------------------------------------------------------------------

is_deeply(
    [ CPANBridge::Compat::DBI::OracleNames::files() ],
    [ "$folder/home/.tnsnames.ora", '/etc/tnsnames.ora' ],
    'without Oracle in the environment'
);
@ENV{qw(TNS_ADMIN ORACLE_HOME)} = ( "$folder/admin", "$folder/oracle" );
is_deeply(
    [ CPANBridge::Compat::DBI::OracleNames::files() ],
    [ "$folder/home/.tnsnames.ora", "$folder/admin/tnsnames.ora", "$folder/oracle/network/admin/tnsnames.ora", '/etc/tnsnames.ora' ],
    'the user\'s own comes first, then TNS_ADMIN, ORACLE_HOME, /etc'
);

# --- what is in a file --------------------------------------------------------------------------------------------

file( 'admin/tnsnames.ora', <<'END');
# STALE = (DESCRIPTION = (ADDRESS = (HOST = nowhere)))
Stock, STOCK.example.com =
  (DESCRIPTION =
    (ADDRESS = (PROTOCOL = TCP)(HOST = db1.example.com)(PORT = 1521))   # the old machine
    (CONNECT_DATA = (SERVICE_NAME = stock.example.com) )
  )
broken = (DESCRIPTION = (ADDRESS = (HOST = open
after_it=(DESCRIPTION=(ADDRESS=(HOST=db2))(SECURITY=(SSL_SERVER_CERT_DN="CN=a (b), O=c = d")))
plain = no parentheses
STOCK = (DESCRIPTION = (ADDRESS = (HOST = second)))
IFILE = more.ora
IFILE = "missing.ora"
END
file( 'admin/more.ora', <<"END");
payroll = (DESCRIPTION =
  (ADDRESS = (HOST = db3)))
stock = (DESCRIPTION = (ADDRESS = (HOST = third)))
IFILE = $folder/admin/tnsnames.ora
END
file( 'oracle/network/admin/tnsnames.ora', "payroll = (DESCRIPTION = (ADDRESS = (HOST = db4)))\nlast=(A=1)\r\n" );

my $stock = '(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=db1.example.com)(PORT=1521))(CONNECT_DATA=(SERVICE_NAME=stock.example.com)))';
is( resolve($_), $stock, "$_ is found: in any case, by each of its names, the first one counts" ) for qw(stock Stock STOCK.EXAMPLE.COM);
is( resolve('payroll'), '(DESCRIPTION=(ADDRESS=(HOST=db3)))', 'in a file that another one names, before the next place' );
is( resolve('last'),    '(A=1)', 'lines may end as on Windows' );
is(
    resolve('after_it'),
    '(DESCRIPTION=(ADDRESS=(HOST=db2))(SECURITY=(SSL_SERVER_CERT_DN="CN=a (b), O=c = d")))',
    'what stands in quotes is left alone, and so is an entry behind a broken one'
);
is( resolve($_), undef, "$_ is none" ) for qw(stale broken plain ifile nothing);
is_deeply( [ CPANBridge::Compat::DBI::OracleNames::names() ], [qw(after_it payroll stock stock.example.com last)], 'all names, each once' );

file( 'admin/sqlnet.ora', "SQLNET.EXPIRE_TIME = 10\nnames.default_domain = example.org\n" );
file( 'home/.tnsnames.ora', "stock.example.org = (A = own)\nother = (A = 2)\n" );
is( resolve('stock'),             '(A=own)', 'a name without a domain is tried with the default one first' );
is( resolve('other'),             '(A=2)',   'and as it is' );
is( resolve('stock.example.com'), $stock,    'one that has a domain is left alone' );

my @chain = map {"$folder/admin/chain$_.ora"} 0 .. 40;
file( "admin/chain$_.ora", "n$_ = (A = $_)\nIFILE = chain@{[ $_ + 1 ]}.ora\n" ) for 0 .. 40;
my $entries = CPANBridge::Compat::DBI::OracleNames::entries( $chain[0] );
ok( $entries->{n10} && !$entries->{n40}, 'files that name files end somewhere' );

$ENV{ORACLE_SID} = 'XE';
ok( CPANBridge::Compat::DBI::OracleNames::is_local('XE'),      'the database of ORACLE_SID is this machine\'s' );
ok( !CPANBridge::Compat::DBI::OracleNames::is_local('nobody'), 'another is not' );

# --- what a DSN means ---------------------------------------------------------------------------------------------

my %where = (
    'db:1522/shop'              => [ 'shop', 'db', 1522 ],
    '//db/shop'                 => [ 'shop', 'db', 1521 ],
    'db/'                       => [ 'db',   'db', 1521 ],
    'db:1522'                   => [ 'db',   'db', 1522 ],
    '[fe80::1]:1522/shop'       => [ 'shop', 'fe80::1', 1522 ],
    'db/shop:DEDICATED'         => [ 'shop', 'db', 1521, undef, 'dedicated' ],
    'db/shop:pooled/one'        => [ 'shop', 'db', 1521, undef, 'pooled' ],
    'db/shop:POOLED'            => [ 'shop', 'db', 1521, undef, 'pooled' ],
    ' db/shop '                 => [ 'shop', 'db', 1521 ],
    'host=db;sid=XE'            => [ '',     'db', 1521, 'XE' ],
    'host=db;sid=XE:POOLED'     => [ '',     'db', 1521, 'XE', 'pooled' ],
    'HOST = db; Port = 1522; service_name=shop;server=SHARED;protocol=TCP' => [ 'shop', 'db', 1522, undef, 'shared' ],
    'host=db;service=shop'      => [ 'shop', 'db', 1521 ],
    'host=db'                   => [ 'db',   'db', 1521 ],
    'XE'                        => [ 'XE',   'localhost', 1521, 'XE' ],
    '(DESCRIPTION=(ADDRESS=x))' => [ '(DESCRIPTION=(ADDRESS=x))' ],
    'stock.example.com'         => [$stock],
    'stock.example.com:pooled'  => [ $stock, undef, undef, undef, 'pooled' ],
);
for my $dsn ( sort keys %where ) {
    my ( $database, $parameter ) = target( $dsn, 'scott', 'tiger' );
    is_deeply( [ $database, ref $parameter ? @$parameter{qw(host port sid server)} : $parameter ], [ @{ $where{$dsn} }, (undef) x ( 5 - @{ $where{$dsn} } ) ], "'$dsn'" );
}

my %wrong = (
    'nothing'               => qr/\AORA-12154: .*'nothing' is in none of \Q$folder\E\S+tnsnames\.ora /,
    'db/a b'                => qr{\AORA-12154: .*'db/a b' is not of the form //host:port/service},
    'db:port/shop'          => qr{is not of the form},
    'host=db;nonsense'      => qr/'nonsense' in the DSN has no =/,
    'host=db;colour=red'    => qr/the DSN's 'colour' is not known/,
    'host=db;protocol=tcps' => qr/the DSN's 'protocol' is not known/,
    'sid=XE'                => qr/the DSN names no host/,
);
for my $dsn ( sort keys %wrong ) {
    my ( $database, $why ) = target( $dsn, 'scott', 'tiger' );
    ok( !defined $database, "'$dsn' means nothing" );
    like( $why, $wrong{$dsn}, 'and the reason is told' );
}

# --- who, and with what -------------------------------------------------------------------------------------------

sub who {
    my ( $database, $parameter ) = target(@_);
    return ref $parameter ? [ $parameter->{user}, $parameter->{password}, $database ] : $parameter;
}
is_deeply( who( '',     'scott/tiger@db/shop', 'other' ), [qw(scott tiger shop)],   'all in the user\'s name; its password goes first' );
is_deeply( who( 'db/a', 'scott@db/shop',       'tiger' ), [qw(scott tiger a)],      'the DSN goes before a database there' );
is_deeply( who( 'db/a', 'scott/t/ger',         'other' ), [ 'scott', 't/ger', 'a' ], 'a password may have a slash' );
like( who( 'db/a', $_, 'tiger' ), qr/\AORA-01017: .* say a user and a password/, 'who logs on must be said' ) for '', '/', undef;
is( ( target( undef, 'scott', 'tiger' ) )[0], 'XE', 'ORACLE_SID where no database is said' );
$ENV{TWO_TASK} = 'db/task';
is( ( target( '', 'scott', 'tiger' ) )[0], 'task', 'TWO_TASK goes before it' );
delete @ENV{qw(TWO_TASK ORACLE_SID)};
like( ( target( '', 'scott', 'tiger' ) )[1], qr/\AORA-12154: .*neither TWO_TASK nor ORACLE_SID is set/, 'or that is an error' );

{
    local $ENV{ORA_SDTZ} = '';
    local $ENV{TZ}       = 'UTC-5:30';
    require POSIX;
    POSIX::tzset();
    my $parameter = ( target( 'db/a', 'scott', 'tiger' ) )[1];
    is_deeply( [ @$parameter{qw(nls_language nls_territory time_zone)} ], [ 'AMERICAN', 'AMERICA', '+05:30' ], 'a session as clients begin one' );
    is( $parameter->{program},     '29-oracle-names.t',         'the program is told' );
    is( $parameter->{driver_name}, 'DBD::Oracle by CPANBridge', 'and the driver' );
    is_deeply( [ grep { !defined $parameter->{$_} || !length $parameter->{$_} } keys %$parameter ], [], 'nothing that is empty' );
}
{
    local @ENV{qw(NLS_LANG NLS_DATE_FORMAT ORA_SDTZ ORA_DRCP ORA_DRCP_CLASS)} = ( 'GERMAN_AUSTRIA.WE8MSWIN1252', 'YYYY', 'DB_TZ', 1, 'web' );
    my $parameter = ( target( 'db/a', 'scott', 'tiger', { ora_session_mode => 2, ora_drcp_class => 'own', ora_driver_name => 'mine' } ) )[1];
    is_deeply(
        [ @$parameter{qw(nls_language nls_territory nls_date_format time_zone server cclass mode driver_name)} ],
        [ 'GERMAN', 'AUSTRIA', 'YYYY', undef, 'pooled', 'own', 'sysdba', 'mine' ],
        'the environment\'s, and before it the attributes\''
    );
    is( CPANBridge::Compat::DBI::OracleConnect::charset()->name, 'cp1252', 'the character set of NLS_LANG' );
    is( CPANBridge::Compat::DBI::OracleConnect::charset( { ora_charset => 'we8iso8859p15' } )->name, 'iso-8859-15', 'an attribute goes before it' );
    is( CPANBridge::Compat::DBI::OracleConnect::charset( { ora_charset => 'AL32UTF8' } ), undef, 'with Unicode strings are characters' );
    local $ENV{NLS_LANG} = '.WE8EBCDIC37';
    ok( !eval { CPANBridge::Compat::DBI::OracleConnect::charset(); 1 }, 'one that nobody knows' );
    like( $@, qr/\AORA-12705: .*'WE8EBCDIC37'\n\z/, 'is an error' );
    is( ( target( 'db/a', 'scott', 'tiger', { ora_session_mode => 99 } ) )[1]{mode}, 99, 'a mode that is not known is left to the daemon to refuse' );
}
is( CPANBridge::Compat::DBI::OracleConnect::charset(), undef, 'strings are characters where nothing is said' );

is_deeply( \@warnings, [], 'without a warning' );

done_testing;
