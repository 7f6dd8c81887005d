use strict;
use warnings;

use Config;
use File::Temp qw(tempdir);
use Test::More;

use lib 'lib/CPANBridge/Compat/shims';
use DBI qw(:profile);
use DBI::Profile ();
use DBI::ProfileData;
use DBI::ProfileSubs;

my $folder = tempdir( CLEANUP => 1 );
my %quiet = ( PrintError => 0, RaiseError => 1 );
my $rows = [ [ 1, 'one' ], [ 2, 'two' ], [ 3, 'three' ] ];

local $DBI::Profile::ON_DESTROY_DUMP = sub { };

sub connected { return DBI->connect( 'dbi:Sponge:', 'me', '', { %quiet, @_ } ) }

sub select_all { return $_[0]->selectall_arrayref( $_[1], { rows => $rows, NAME => [ 'id', 'name' ] } ) }

# A tree with nothing but the counts at its leaves.
sub counts {
    my ($node) = @_;
    return ref $node eq 'HASH' ? { map { $_ => counts( $node->{$_} ) } keys %$node } : $node->[0];
}

subtest 'rows as a statement' => sub {
    my $dbh = connected();
    my $sth = $dbh->prepare( 'x', { rows => $rows, NAME => [ 'Id', 'Name' ] } );
    is_deeply( $sth->fetchall_arrayref( {} ), [ map { { Id => $_->[0], Name => $_->[1] } } @$rows ], 'DBD::Sponge' );
    is( $sth->fetch, undef, 'the end' );
    is( scalar @$rows, 3, 'the program keeps its rows' );
    $sth->execute;
    is( $sth->fetchrow_hashref->{Name}, 'one', 'execute begins anew' );
    is_deeply( [ @$sth{qw(PRECISION TYPE)} ], [ [ 1, 5 ], [ 12, 12 ] ], 'what is not said of the columns' );
    ok( !eval { $dbh->prepare( 'x', { rows => [] } ); 1 }, 'no row and no name' );
    like( $@, qr/how many columns there are can be told neither by NAME/, '... is an error that says what is missing' );

    my @into;
    my $insert = $dbh->prepare( 'insert', { rows => \@into, NUM_OF_PARAMS => 2, execute_hook => sub { $_[1] < 3 || $_[0]->set_err( 5, 'too much' ) } } );
    ok( $insert->execute( @{ $rows->[$_] } ), 'a row is added' ) for 0, 1;
    ok( !eval { $insert->execute( 3, 'x' ) }, 'the hook can refuse one' );
    like( $@, qr/too much/, '... with its error' );
    is_deeply( \@into, [ @$rows[ 0, 1 ] ], 'those that went in' );
    is( DBI->connect( 'dbi:NullP:', '', '', \%quiet )->do('anything'), -1, 'DBD::NullP executes anything' );
};

subtest 'which profile' => sub {
    my $dbh = connected();
    is( $dbh->{Profile}, undef, 'none' );
    my %path = (
        6                  => [ '!Statement', '!MethodName' ],
        -6                 => [ '!MethodName', '!Statement' ],
        '0'                => [],
        '/DBI::Profile'    => [],
        'a:4:{Username}'   => [ 'a', '!MethodName', '{Username}' ],
        '&norm_std_n3'     => [ \&DBI::ProfileSubs::norm_std_n3 ],
    );
    for my $text ( sort keys %path ) {
        $dbh->{Profile} = $text;
        is_deeply( [ ref $dbh->{Profile}, $dbh->{Profile}{Path} ], [ 'DBI::Profile', $path{$text} ], "from '$text'" );
    }
    {
        package Own::Profile;
        our @ISA = 'DBI::Profile';
    }
    $dbh->{Profile} = '2/Own::Profile/Size:5:Empty';
    is_deeply( [ ref $dbh->{Profile}, @{ $dbh->{Profile} }{qw(Size Empty)} ], [ 'Own::Profile', 5, undef ], 'a class of its own, with arguments' );
    $dbh->{Profile} = {};
    is( ref $dbh->{Profile}, 'DBI::Profile', 'a hash becomes an object' );
    for my $wrong ( '2/No::Such::Class', '2/strange class', [], '&no_such_sub' ) {
        ok( !eval { $dbh->{Profile} = $wrong; 1 }, "$wrong is refused" );
        like( $@, qr/\ACan't (?:set Profile to|use) '\Q$wrong\E'.*at \Q$0\E line/s, '... in words that name it, and this line' );
    }
    my @warned;
    { local $SIG{__WARN__} = sub { push @warned, @_ }; $dbh->{Profile} = '!Statment' }
    like( "@warned", qr/'!Statment', which means nothing special/, 'a misspelt word is told' );
    $dbh->{Profile} = undef;
    is( $dbh->{Profile}, undef, 'none again' );
    is( DBI->connect('dbi:Sponge(Profile=>4,PrintError=>0):')->{Profile}{Path}[0], '!MethodName', 'in the name of the data source' );
};

subtest 'what is counted' => sub {
    my $dbh = connected( Profile => 6 );
    is_deeply( counts( $dbh->{Profile}{Data} ), { '' => { STORE => 5, connected => 1 } }, 'what connect does' );
    undef $dbh->{Profile}{Data};
    select_all( $dbh, 'a' );
    my $sth = $dbh->prepare( 'b', { rows => $rows } );
    is( $sth->{Profile}, $dbh->{Profile}, 'a statement has the profile of its database' );
    1 while $sth->fetchrow_array;
    my $active = $sth->{Active};
    eval { $sth->bind_col( 9, \my $x ) };
    eval { $dbh->do('nonsense') };
    $dbh->ping;
    undef $sth;
    is_deeply(
        counts( $dbh->{Profile}{Data} ),
        {
            a        => { selectall_arrayref => 1 },
            b        => { prepare => 1, fetchrow_array => 4, FETCH => 1, DESTROY => 1 },
            nonsense => { do => 1 },
            ''       => { ping => 1 },
        },
        'calls of the program, not those that they make; errors by RaiseError, not those that die'
    );
    my ( $count, $total, $first, $shortest, $longest, $began, $ended ) = @{ $dbh->{Profile}{Data}{b}{fetchrow_array} };
    cmp_ok( $shortest, '>=', 0, 'the shortest' );
    cmp_ok( $longest,  '<=', $total, 'the longest' );
    cmp_ok( $ended,    '>=', $began, 'first and last' );

    my $plain = connected();
    $plain->prepare( 'x', { rows => $rows } );
    is( $plain->{Profile}, undef, 'other handles have none' );
};

subtest 'paths' => sub {
    my $by_reference = 'here';
    my @seen;
    my %path = (
        username => [ '{Username}' ],
        class    => [ '!MethodClass' ],
        caller   => [ '!Caller', '!File' ],
        two      => [ '!Caller2' ],
        time     => [ '!Time~1000000000' ],
        ref      => [ \$by_reference ],
        sub      => [ 'x', sub { push @seen, [ ref $_[0], @_[ 1 .. $#_ ], $_ ]; return ( 'y', undef ) } ],
        veto     => [ 'x', sub { return \undef } ],
        none     => [],
        wrong    => undef,
    );
    my %data;
    my $line = __LINE__ + 5;
    for my $name ( sort keys %path ) {
        my $dbh = connected();
        $dbh->{Profile} = {};
        $dbh->{Profile}{Path} = $path{$name};
        sub { select_all( $dbh, 'a' ) }->();
        $data{$name} = counts( $dbh->{Profile}{Data} || [0] );
    }
    my $where = ( $0 =~ m{([^/]+)\z} )[0];
    my $select_all = ( grep { /\Q$where\E/ } keys %{ $data{caller} } )[0];
    is_deeply( $data{username}, { me => 1 }, 'an attribute' );
    is_deeply( $data{class}, { 'DBD::_::db::selectall_arrayref' => 1 }, 'the package of the method' );
    like( $select_all, qr/\A\Q$where\E line \d+\z/, 'who called' );
    is_deeply( $data{caller}, { $select_all => { $where => 1 } }, '... with and without the line' );
    is_deeply( $data{two}, { "$select_all via $where line $line" => 1 }, '... and who called that' );
    is_deeply( $data{time}, { 1_000_000_000 * int( time / 1_000_000_000 ) => 1 }, 'the time' );
    is_deeply( $data{ref}, { here => 1 }, 'a scalar' );
    is_deeply( $data{sub}, { x => { y => { undef => 1 } } }, 'a sub' );
    is_deeply( \@seen, [ [ 'DBI::db', 'selectall_arrayref', 'a' ] ], '... which gets handle and method, and the statement in $_' );
    is_deeply( $data{veto}, { x => undef }, '... and can refuse a call' );
    is( $data{none}, 1, 'no path' );
    is_deeply( $data{wrong}, { a => 1 }, 'no array' );

    my $dbh = connected();
    $dbh->{Profile} = { Path => ['x'] };
    $dbh->ping;
    $dbh->{Profile}{Path} = [ 'x', 'y' ];
    my @warned;
    { local $SIG{__WARN__} = sub { push @warned, @_ }; $dbh->ping }
    like( "@warned", qr/\AA call of ping is missing in the profile: its path goes on with 'y' .*at \Q$0\E line/, 'a path that goes on where another ends' );
};

subtest 'functions' => sub {
    my $dbh = connected( Profile => 6 );
    my $leaf = dbi_profile( $dbh, 'mine', 'thinking', 100, 102 );
    is( $leaf, $dbh->{Profile}{Data}{mine}{thinking}, 'a call of the program itself' );
    dbi_profile( { a => $dbh, b => undef }, 'mine', 'thinking', 200, 201 );
    is_deeply( $leaf, [ 2, 3, 2, 1, 2, 100, 200 ], 'and another, for all handles of a hash' );
    my $sum = [];
    is( dbi_profile_merge_nodes( $sum, { a => $leaf, b => { c => [ 1, 4, 4, 4, 4, 50, 50 ] } } ), 7, 'a sum of all leaves' );
    is_deeply( $sum, [ 3, 7, 4, 1, 4, 50, 200 ], '... whose first is the earliest' );
    is( dbi_profile_merge_nodes( [] ), 0, '... of none' );
    cmp_ok( abs( dbi_time() - time ), '<', 5, 'dbi_time' );
    local $_ = q{select * from log20240102 where a in (1, -2.5, 0xFF) and b = 'it''s 5' and t1.c = "x\"y"};
    is( DBI::ProfileSubs::norm_std_n3(), q{select * from log<N> where a in (<N>, -<N>, <N>) and b = '<S>' and t1.c = "<S>"}, 'a statement without its values' );
    $_ = 'in (' . join( ', ', 1 .. 150 ) . ')';
    is( DBI::ProfileSubs::norm_std_n3(), 'in (<N>,{repeated 150 times})', '... and one with many' );
};

subtest 'reports' => sub {
    my $profile = DBI::Profile->new( Path => [] );
    $profile->{Data} = { 'b' => [ 1, 0.5, 0.5, 0.5, 0.5, 100, 100 ], 'a' => { x => [ 2, 1.5, 1, 0.5, 1, 100, 104 ] } };
    my $name = ( $0 =~ m{([^/]+)\z} )[0];
    like( $profile->format, qr/\ADBI::Profile: 2\.000000s 50\.00% \(3 calls\) \Q$name\E \@ \d{4}-\d\d-\d\d \d\d:\d\d:\d\d
'a' =>
    'x' =>
        1\.500000s \/ 2 = 0\.750000s avg \(first 1\.000000s, min 0\.500000s, max 1\.000000s\)
'b' =>
    0\.500000s
\z/, 'format' );
    is( scalar $profile->as_text( { separator => '/', format => '%1$s %10$d %2$s;', path => ['top'] } ), 'top/a/x 2 0.75;top/b 1 0.5;', 'as_text' );
    is_deeply( [ $profile->as_node_path_list( $profile->{Data}{a}, ['p'] ) ], [ [ $profile->{Data}{a}{x}, 'p', 'x' ] ], 'as_node_path_list' );
    my @dumped;
    { local $DBI::Profile::ON_DESTROY_DUMP = sub { push @dumped, @_ }; undef $profile }
    is( scalar @dumped, 1, 'a profile that goes is reported' );
};

subtest 'files' => sub {
    my $file = "$folder/dbi.prof";
    my $odd  = "select \\n\r\n \x{263a} 'x'";
    {
        local ( $,, $\ ) = ( '-', "!\n" );
        my $dbh = connected( Profile => "6/DBI::ProfileDumper/File:$file" );
        select_all( $dbh, $_ ) for 'one', $odd;
        is( $dbh->{Profile}->flush_to_disk, $file, 'flush_to_disk' );
        is( $dbh->{Profile}->flush_to_disk, undef, '... of nothing' );
        select_all( $dbh, 'one' ) for 1 .. 3;
    }
    my $profile = DBI::ProfileData->new( File => $file );
    is_deeply( $profile->header->{Path}, [ '!Statement', '!MethodName' ], 'the path in the header' );
    is( $profile->header->{Program}, $0, 'the program' );
    my $data = counts( $profile->Data );
    delete $data->{''};
    is_deeply( $data, { one => { selectall_arrayref => 4 }, $odd => { selectall_arrayref => 1 } }, 'what was written in two goes is one, and odd keys are whole' );

    my $copy = $profile->clone;
    is( $copy->match( key2 => 'SELECTALL_ARRAYREF' ), 2, 'match' );
    is( $copy->exclude( key1 => qr/^select/ ), 1, 'exclude' );
    is( $copy->match( key2 => 'SELECTALL_ARRAYREF', case_sensitive => 1 ), 0, 'match with case' );
    my $nodes = $profile->nodes;
    $profile->exclude( key1 => '' );
    $profile->sort( field => 'count' );
    is_deeply( [ map { $_->[0] } @$nodes ], [ 4, 1 ], 'sort' );
    $profile->sort( field => 'count', reverse => 1 );
    is_deeply( [ map { $_->[0] } @$nodes ], [ 1, 4 ], '... the other way' );
    like( $profile->report( number => 1 ), qr/Total Records : 2 \(showing 1, sorted by count, reversed\).*#####\[ 1 \]#+\n  Count +: 1\n  Time +: \d\.\d+ seconds\n  Key 1 +:\n\n\Q$odd\E/s, 'report' );
    ok( !eval { $profile->sort( field => 'size' ); 1 }, 'a field that there is not' );
    like( $@, qr/by 'size': the fields are count, .*at \Q$0\E line/, '... is told' );

    { my $dbh = connected( Profile => "2/DBI::ProfileDumper/File:$file" ); select_all( $dbh, 'later' ) }
    ok( -s "$file.prev", 'an older profile is kept aside' );
    is( DBI::ProfileData->new( Files => [ $file, "$file.prev" ], Filter => sub { @{ $_[0] } = 'all' }, DeleteFiles => 1 )->count, 1, 'several files, filtered' );
    is_deeply( [ glob "$folder/*" ], [], '... and deleted' );

    for my $wrong ( [ '', qr/is empty/ ], [ "#!/bin/sh\n", qr/not a profile .*begins with '#!/ ], [ "DBI::ProfileDumper 2\n\n+ 1 a\n= 1 2\n", qr/line 4: a record has seven numbers/ ] ) {
        open my $out, '>', $file or die $!;
        print {$out} $wrong->[0];
        close $out or die $!;
        ok( !eval { DBI::ProfileData->new( File => $file ); 1 }, 'a file that is no profile' );
        like( $@, qr/\Q$file\E.*$wrong->[1]/, '... is told' );
    }
};

sub run_perl {
    my ( $environment, $program ) = @_;
    local %ENV = ( %ENV, %$environment );
    open my $out, '-|', $^X, ( map { "-I$_" } grep { !ref } @INC ), '-e', "open STDERR, '>&', \\*STDOUT; $program" or die "perl: $!";
    local $/;
    my $said = <$out>;
    close $out;
    return $said;
}

subtest 'the environment' => sub {
    my $program = 'use DBI; my $one = DBI->connect("dbi:NullP:"); my $two = DBI->connect("dbi:NullP:"); $_->do("work") for $one, $two; ';
    my $said = run_perl( { DBI_PROFILE => 2 }, $program . 'print $one->{Profile} == $two->{Profile} ? "shared\n" : "not shared\n";' );
    like( $said, qr/\Ashared\nDBI::Profile: [\d.]+s [\d.]+% \(\d+ calls\) -e .*^'work' =>\n    [\d.]+s \/ 4 = /sm, 'DBI_PROFILE: one report of all handles at the end' );
    $said = run_perl( { DBI_PROFILE => '2/No::Such' }, $program . 'print "done";' );
    like( $said, qr/DBI_PROFILE is not used.*No::Such.*done\z/s, 'one that cannot be used is told of, and the program runs' );
    is( run_perl( { DBI_TRACE => "1=$folder/trace" }, $program ), '', 'DBI_TRACE' );
    ok( -s "$folder/trace", '... writes into its file' );
};

done_testing;
