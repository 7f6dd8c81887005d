use strict;
use warnings;

use File::Temp qw(tempdir);
use Test::More;

use lib 't/lib', 'lib/CPANBridge/Compat/shims';
use BridgeDaemon;

my $daemon = BridgeDaemon->new( options => [ '--modules=database', '--max-requests-per-minute=1000000' ] );
$ENV{CPAN_BRIDGE_SOCKET} = $daemon->socket;

use DBI qw(:sql_types);

my @warnings;
local $SIG{__WARN__} = sub { push @warnings, @_ };

# A table of the numbers from 1 to its option "last", with their squares, which keeps a diary.
our ( @diary, %instead );
{

    package Numbers;
    use DBD::SQLite::VirtualTable;
    our @ISA = 'DBD::SQLite::VirtualTable';

    for my $method (qw(CREATE CONNECT DROP DISCONNECT DESTROY_MODULE BEST_INDEX RENAME)) {
        my $own = __PACKAGE__->can($method);
        no strict 'refs';
        *$method = sub {
            my ( $self, @arguments ) = @_;
            push @main::diary, $method;
            return $main::instead{$method}->( $self, @arguments ) if $main::instead{$method};
            return $self->$own(@arguments);
        };
    }
    sub VTAB_TO_DECLARE { return 'CREATE TABLE numbers(number INTEGER, square INTEGER)' }
    sub DESTROY { push @main::diary, 'DESTROY'; return }
    sub INSERT { my ( $self, $rowid, @values ) = @_; push @{ $self->{inserted} }, \@values; return defined $rowid ? $rowid : 1000 }

    package Numbers::Cursor;
    our @ISA = 'DBD::SQLite::VirtualTable::Cursor';

    sub FILTER { my ($self) = @_; $self->{at} = 1; return }
    sub EOF    { my ($self) = @_; return $self->{at} > ( $self->{vtable}{options}{last} || 3 ) }
    sub NEXT   { my ($self) = @_; $self->{at}++; return }
    sub ROWID  { my ($self) = @_; return $self->{at} + 100 }

    sub COLUMN {
        my ( $self, $column ) = @_;
        return $main::instead{COLUMN}->( $self, $column ) if $main::instead{COLUMN};
        return $column ? $self->{at}**2 : $self->{at};
    }
    sub DESTROY { push @main::diary, 'end of search'; return }
}

sub seen { my @seen = grep { $_ ne 'BEST_INDEX' } splice @diary; return "@seen" }

sub connected {
    my (%more) = @_;
    my $dbh = DBI->connect( 'dbi:SQLite:dbname=' . ( delete $more{file} || ':memory:' ), '', '', { RaiseError => 1, PrintError => 0, %more } );
    $dbh->sqlite_create_module( numbers => 'Numbers' );
    return $dbh;
}

{
    my $dbh = connected();
    $dbh->do('CREATE VIRTUAL TABLE n USING numbers(last=4, "ignored")');
    is( seen(), 'CREATE', 'a table is created' );
    is_deeply( $dbh->selectall_arrayref('SELECT rowid, * FROM n WHERE square > 3'), [ [ 102, 2, 4 ], [ 103, 3, 9 ], [ 104, 4, 16 ] ], 'rows' );
    is( seen(), 'end of search', 'a search ends with its statement' );
    $dbh->do('CREATE VIRTUAL TABLE temp.many USING numbers(last=1000)');
    my $sth = $dbh->prepare('SELECT number FROM many');
    $sth->execute;
    $sth->fetch;
    undef $sth;
    is( seen(), 'CREATE end of search', 'or when it is given up' );
    is_deeply(
        $dbh->selectrow_arrayref('SELECT sum(a.number) FROM many a JOIN n b ON a.square = b.square * b.square'),
        [ 1 + 4 + 9 + 16 ], 'two searches at once'
    );

    $dbh->do('INSERT INTO n VALUES (5, ?)', undef, 'x');
    is( $dbh->last_insert_id, 1000, 'INSERT says what number the row has' );
    eval { $dbh->do('DELETE FROM n WHERE number = 2') };
    like( $@, qr/Numbers has no method DELETE/, 'what a class does not have is said' );

    for my $column ( [ 'no luck', sub { die "no luck\n" } ], [ 'no such sub', sub { main->can('nothing')->() } ] ) {
        local $instead{COLUMN} = $column->[1];
        eval { $dbh->selectall_arrayref('SELECT number FROM n') };
        like( $@, $column->[0] eq 'no luck' ? qr/no luck at \Q$0\E line/ : qr/undefined value/, 'what a class dies of is the error' );
    }
    {
        my ( $wide, $bytes ) = ( "\x{263a}", "\xff\x00" );
        local $instead{COLUMN} = sub { return $_[1] ? [ $bytes, SQL_BLOB ] : $wide };
        is_deeply( $dbh->selectrow_arrayref('SELECT typeof(number), unicode(number), typeof(square), hex(square) FROM n'),
            [ 'text', 0x263a, 'blob', 'FF00' ], 'characters and bytes' );
    }
    {
        local $instead{COLUMN} = sub { return ( $dbh->selectrow_array( 'SELECT 7 * ?', undef, $_[0]{at} ) )[0] };
        is_deeply( $dbh->selectcol_arrayref('SELECT number FROM n'), [ 7, 14, 21, 28 ], 'a class may use the handle' );
    }
    seen();
    $dbh->do('DROP TABLE n');
    is( seen(), 'DROP DESTROY', 'a table is dropped' );
    undef $dbh;
    is( seen(), 'DISCONNECT DESTROY DESTROY_MODULE', 'the others go with the handle' );
}

{
    my $file = tempdir( CLEANUP => 1 ) . '/test.db';
    my $dbh = connected( file => $file, sqlite_unicode => 1 );
    $dbh->do("CREATE VIRTUAL TABLE n USING numbers(last=2, word=\x{e4}\x{263a})");
    $dbh->disconnect;
    is( seen(), 'CREATE DISCONNECT DESTROY DESTROY_MODULE', 'disconnect, too' );
    $dbh = connected( file => $file, sqlite_unicode => 1 );
    my $word;
    local $instead{CONNECT} = sub { my ( $class, @arguments ) = @_; $word = $arguments[-1]; return $class->NEW(@arguments) };
    is_deeply( $dbh->selectcol_arrayref('SELECT square FROM n'), [ 1, 4 ], 'a table of a former connection' );
    is( $word, "word=\x{e4}\x{263a}", 'has its arguments' );
    is( seen(), 'CONNECT end of search', 'is connected' );
    my $plain = DBI->connect( "dbi:SQLite:dbname=$file", '', '', { RaiseError => 1, PrintError => 0 } );
    eval { $plain->selectcol_arrayref('SELECT square FROM n') };
    like( $@, qr/no such module: numbers/, 'where there is the module' );
    $dbh->do('ALTER TABLE n RENAME TO m');
    like( seen(), qr/RENAME/, 'it can be renamed' );
}

# --- data of the program's ------------------------------------------------------------------------------------------

our ( $rows, $hashes, $column );
{
    my $dbh = connected();
    seen();
    $dbh->sqlite_create_module( perl => 'DBD::SQLite::VirtualTable::PerlData' );
    $rows = [ [ 1, 'one' ], [ 2, 'Two' ], [ 3, undef ] ];
    $dbh->do('CREATE VIRTUAL TABLE arrays USING perl(id INT, name TEXT, arrayrefs="main::rows")');
    is_deeply( $dbh->selectall_arrayref('SELECT rowid, * FROM arrays'), [ [ 1, 1, 'one' ], [ 2, 2, 'Two' ], [ 3, 3, undef ] ], 'arrays' );
    my %found = (
        "id = '2'"                    => [2],
        'id = 2.0'                    => [2],
        "name = 'two'"                => [],
        "name = 'two' COLLATE NOCASE" => [2],
        'name IS NULL'                => [3],
        'name IS ?'                   => [3],
        'name = ?'                    => [],
        'rowid = 3'                   => [3],
        'rowid = 4'                   => [],
        'rowid = -1'                  => [],
        "rowid = 'x'"                 => [],
        "name MATCH '^.?o'"           => [1],
        "name MATCH '(?i)t\\b|two'"   => [2],
        "name MATCH '('"              => [],
        "name MATCH '(?{die})'"       => [],
        "name MATCH '\$rows'"         => [],
        "name MATCH ''"               => [ 1, 2 ],
        'name MATCH NULL'             => [],
    );
    for my $condition ( sort keys %found ) {
        my $ids = $dbh->selectcol_arrayref( "SELECT id FROM arrays WHERE $condition", undef, $condition =~ /\?\z/ ? undef : () );
        is_deeply( $ids, $found{$condition}, $condition );
    }
    $dbh->do(q{UPDATE arrays SET name = name || '!' WHERE id < 3});
    $dbh->do('INSERT INTO arrays VALUES (4, NULL)');
    is( $dbh->last_insert_id, 3, 'the number of the new element' );
    $dbh->do('DELETE FROM arrays WHERE id = 2');
    is_deeply( $rows, [ [ 1, 'one!' ], undef, [ 3, undef ], [ 4, undef ] ], 'are changed' );
    is_deeply( $dbh->selectcol_arrayref('SELECT id FROM arrays'), [ 1, 3, 4 ], 'a hole is no row' );
    eval { $dbh->do('INSERT INTO arrays(rowid, id) VALUES (2, 5)') };
    like( $@, qr/there is a row already in element 2 of \$main::rows/, 'a row is not overwritten' );
    $dbh->do('DELETE FROM arrays');
    is_deeply( $rows, [], 'all are deleted' );

    $hashes = [ map { { id => $_, more => "more $_" } } 1 .. 3000 ];
    $dbh->do('CREATE VIRTUAL TABLE hashes USING perl("id" INT, [other] TEXT, hashrefs="hashes")');
    is_deeply( $dbh->selectrow_arrayref('SELECT count(*), sum(id), count(other) FROM hashes'), [ 3000, 3000 * 3001 / 2, 0 ], 'hashes, in some batches' );
    is_deeply( $dbh->selectcol_arrayref('SELECT id FROM hashes LIMIT 2 OFFSET 1'), [ 2, 3 ], 'some of them' );
    $dbh->do('UPDATE hashes SET other = 7 WHERE id = 2');
    is_deeply( $hashes->[1], { id => 2, more => 'more 2', other => 7 }, 'keep what is no column' );

    $column = [qw(red green)];
    $dbh->do('CREATE VIRTUAL TABLE words USING perl(word TEXT, colref="main::column")');
    is_deeply( $dbh->selectcol_arrayref(q{SELECT 'blue' IN words UNION ALL SELECT 'red' IN words}), [ 0, 1 ], 'one column' );
    push @$column, 'blue';
    is( $dbh->selectrow_array('SELECT count(*) FROM words'), 3, 'is as it is now' );
    for my $bad ( 'a', 'colref="main::column"', 'a, b, colref="main::column"', 'a, colref="main::no_such_variable"', 'a, colref="no name"' ) {
        eval { $dbh->do("CREATE VIRTUAL TABLE bad USING perl($bad)") };
        like( $@, qr/PerlData: \w/, "USING perl($bad)" );
    }
    $column = {};
    eval { $dbh->selectall_arrayref('SELECT * FROM words') };
    like( $@, qr/\$main::column is no reference to an array/, 'a variable that is something else' );
}

# --- files ----------------------------------------------------------------------------------------------------------

sub Site::shout { my ( $path, $root ) = @_; return uc "$root:$path" }

{
    my $folder = tempdir( CLEANUP => 1 );
    for my $name (qw(a b)) { open my $out, '>', "$folder/$name" or die "$folder/$name: $!"; print {$out} "file $name, words"; close $out }
    my $dbh = connected();
    $dbh->sqlite_create_module( files => 'DBD::SQLite::VirtualTable::FileContent' );
    $dbh->do('CREATE TABLE paths (id INTEGER PRIMARY KEY, path TEXT, title VARCHAR COLLATE NOCASE, size)');
    $dbh->do(qq{INSERT INTO paths VALUES (3, 'a', 'A title', 4), (5, 'b', 'Another', x'34'), (7, NULL, 'None', '4')});
    $dbh->do(qq{CREATE VIRTUAL TABLE texts USING files(source=paths, root="$folder")});
    is_deeply(
        $dbh->selectall_arrayref('SELECT rowid, content, title FROM texts'),
        [ [ 3, 'file a, words', 'A title' ], [ 5, 'file b, words', 'Another' ], [ 7, undef, 'None' ] ], 'contents of files'
    );
    my %found = (
        "title = 'another'" => [5], 'size = 4'        => [3], "size = '4'"  => [ 5, 7 ], "size = x'34'" => [], 'id > 3' => [ 5, 7 ],
        "size > '3'"        => [ 5, 7 ], 'rowid = 5' => [5], "size < x'35'" => [ 3, 5, 7 ], "path >= 'b'" => [5], 'size <= 4' => [3],
    );
    for my $condition ( sort keys %found ) {
        is_deeply( $dbh->selectcol_arrayref("SELECT id FROM texts WHERE $condition"), $found{$condition}, $condition );
    }
    $dbh->do('CREATE VIRTUAL TABLE search USING fts4(content="texts", title)');
    $dbh->do(q{INSERT INTO search(search) VALUES ('rebuild')});
    is_deeply( $dbh->selectcol_arrayref(q{SELECT rowid FROM search WHERE search MATCH 'another'}), [5], 'full-text search of them' );
    $dbh->do('CREATE VIRTUAL TABLE loud USING files(source=paths, root="r", expose="id", content_col=said, get_content="Site::shout")');
    is_deeply( $dbh->selectall_arrayref('SELECT * FROM loud WHERE id = 3'), [ [ 'R:A', 3 ] ], 'by another sub' );
    is_deeply( \@warnings, [], 'no warnings' );
    $dbh->do(q{UPDATE paths SET path = 'nowhere' WHERE id = 7});
    is_deeply( $dbh->selectcol_arrayref('SELECT content FROM texts WHERE id = 7'), [''], 'a file that is not there' );
    like( shift @warnings, qr{cannot open \Q$folder\E/nowhere: }, 'is warned of' );
    eval { $dbh->do('DELETE FROM texts') };
    like( $@, qr/cannot be changed: change "main"."paths"/, 'they cannot be changed' );
    for my $bad ( 'root="x"', 'source=nowhere', 'source=paths, x=1', 'source=paths, expose="a"', 'source=paths, content_col=title', 'source=paths, x' ) {
        eval { $dbh->do("CREATE VIRTUAL TABLE bad USING files($bad)") };
        like( $@, qr/do failed: (?:DBD::SQLite::VirtualTable::FileContent: USING files|there is no table nowhere)/, "USING files($bad)" );
    }
}

# --- tokenizers -----------------------------------------------------------------------------------------------------

# Words of letters, in lower case; keeps what it was given.
our @texts;

sub words {
    return sub {
        my ($text) = @_;
        push @texts, $text;
        my $position = 0;
        return sub {
            $text =~ /\w+/g or return;
            my ( $start, $end ) = ( $-[0], $+[0] );
            return ( lc $&, $end - $start, $start, $end, $position++ );
        };
    };
}
sub No::words  { return 'nothing' }
sub Bad::words { return sub { my $given; return sub { return $given++ ? () : ( 'a', 1, 5, 500, 0 ) } } }
sub Cut::words { return sub { my $given; return sub { return $given++ ? () : ( 'abcdef', 3, 0, 1, 0 ) } } }

for my $unicode ( 0, 1 ) {
    my $dbh = connected( sqlite_unicode => $unicode );
    my $text = "\x{c9}l\x{e9}gie \x{263a} une Berg\x{e8}re";
    utf8::encode($text) if !$unicode;
    $dbh->do(q{CREATE VIRTUAL TABLE search USING fts4(said, tokenize=perl 'main::words')});
    @texts = ();
    $dbh->do( 'INSERT INTO search VALUES (?), (?)', undef, $text, 'something else' );
    is_deeply( \@texts, [ $text, 'something else' ], 'texts come as strings of the handle, unicode ' . $unicode );
    my ( $offsets, $snippet ) = $dbh->selectrow_array(q{SELECT offsets(search), snippet(search) FROM search WHERE search MATCH 'UNE'});
    is( ( split / /, $offsets, 3 )[2], '13 3', 'places are those of the bytes' );
    ( my $marked = $text ) =~ s{une}{<b>une</b>};
    is( $snippet, $marked, 'the snippet' );
    ok( $dbh->selectrow_array(q{SELECT 1 FROM search WHERE search MATCH '"something el*"'}), 'a phrase, and the beginning of a word' );
    my $long = join ' ', map {"word$_"} 1 .. 12_000;
    $dbh->do( 'INSERT INTO search VALUES (?)', undef, $long );
    is( $dbh->selectrow_array(q{SELECT rowid FROM search WHERE search MATCH 'word11999'}), 3, 'a long text' );

    my %bad = ( 'No::words' => qr/should return a reference to a sub/, 'no::such' => qr/there is no sub no::such/, '' => qr/needs the name of a sub/ );
    for my $name ( sort keys %bad ) {
        eval { $dbh->do("CREATE VIRTUAL TABLE bad USING fts3(said, tokenize=perl '$name')") };
        like( $@, $bad{$name}, "tokenize=perl '$name'" );
    }
    $dbh->do(q{CREATE VIRTUAL TABLE bad USING fts3(said, tokenize=perl 'Bad::words')});
    eval { $dbh->do(q{INSERT INTO bad VALUES ('short')}) };
    like( $@, qr/'a' is from 5 to 500 of a text of 5 bytes/, 'a place outside of the text' );
    $dbh->do(q{CREATE VIRTUAL TABLE cut USING fts3(said, tokenize=perl 'Cut::words')});
    $dbh->do(q{INSERT INTO cut VALUES ('anything')});
    $dbh->do(q{CREATE VIRTUAL TABLE terms USING fts4aux(cut)});
    is_deeply( $dbh->selectcol_arrayref(q{SELECT term FROM terms WHERE col = '*'}), ['abc'], 'the length counts' );
    ok( $dbh->sqlite_register_fts3_perl_tokenizer, 'they may be registered again' );
}

# --- a program that dies --------------------------------------------------------------------------------------------

for my $method (qw(COLUMN BEST_INDEX CREATE)) {
    my $pid = fork;
    die "cannot fork: $!" if !defined $pid;
    if ( !$pid ) {
        $instead{$method} = sub { kill 'KILL', $$ };
        my $dbh = connected();
        $dbh->do('CREATE VIRTUAL TABLE n USING numbers(last=100)');
        $dbh->do('CREATE VIRTUAL TABLE search USING fts4(content="n", square)');
        $dbh->do(q{INSERT INTO search(search) VALUES ('rebuild')});
        require POSIX;
        POSIX::_exit(0);
    }
    waitpid $pid, 0;
    is( $?, 9, "a program that is killed in $method" );
    my $dbh = connected();
    $dbh->do('CREATE VIRTUAL TABLE n USING numbers(last=2)');
    is_deeply( $dbh->selectcol_arrayref('SELECT square FROM n'), [ 1, 4 ], 'leaves the daemon to others' );
}

eval { connected()->sqlite_create_module( x => 'No::Such::Class' ) };
like( $@, qr{Can't locate No/Such/Class.pm}, 'a class that is not there' );
eval { connected()->sqlite_create_module( x => 'rm -rf' ) };
like( $@, qr/the name of a class/, 'a name that is none' );
is_deeply( \@warnings, [], 'no more warnings' );

done_testing;
