use strict;
use warnings;

# The replacements of URI, HTTP::Message, HTTP::Cookies and LWP with a server of HTTP in a process of its own, on a perl with core modules only.
use lib 't/lib', 'lib';
use CoreOnly;
use CPANBridge::Compat;
use File::Temp qw(tempdir);
use HttpServer;
use Test::More;

use HTTP::Cookies;
use HTTP::Request::Common qw(GET POST PUT DELETE);
use LWP::Simple ();
use LWP::UserAgent 6.05;
use URI;
use URI::Escape;
use URI::file;

delete @ENV{ grep {/_proxy\z/i} keys %ENV };
my $server = HttpServer->new;
my $folder = tempdir( CLEANUP => 1 );
my @warnings;
$SIG{__WARN__} = sub { push @warnings, @_ };

sub url  { return $server->url( $_[0] ) }
sub slurp { open my $in, '<', $_[0] or return; binmode $in; local $/; return scalar <$in> }

{
    package Watcher;
    our @ISA = ('LWP::UserAgent');
    our @SEEN;
    sub progress { my ( $self, $status ) = @_; push @SEEN, $status; return }
}

ok( CPANBridge::Compat->is_shim($_), "$_ is ours" ) for qw(URI HTTP::Message HTTP::Cookies HTTP::Date LWP::UserAgent);

subtest 'addresses' => sub {
    my $uri = URI->new('HTTP://me:pw@Example.ORG:80/a%7eb/./c;v=1?x=1&x=2&y=a+b#end');
    is( $uri->canonical, 'http://me:pw@example.org/a~b/./c;v=1?x=1&x=2&y=a+b#end', 'canonical' );
    is( join( '|', $uri->host, $uri->port, $uri->user ? 1 : 0, $uri->fragment ), 'Example.ORG|80|0|end', 'parts' ) if $uri->can('user');
    is_deeply( [ $uri->query_param('x') ], [ 1, 2 ], 'repeated parameters' );
    $uri->query_form( [ name => "Jos\x{e9}", 'a&b' => '=' ] );
    is( $uri->query, 'name=Jos%E9&a%26b=%3D', 'a form in Latin-1' );
    $uri->query_form( name => "\x{20ac}" );
    is( $uri->query, 'name=%E2%82%AC', 'and in UTF-8' );
    is( URI->new_abs( '../x?y', 'http://h/a/b/c?d' ), 'http://h/a/x?y', 'absolute' );
    is( URI->new('http://h/a/x')->rel('http://h/a/b/c'), '../x', 'relative' );
    is( URI->new("http://b\x{fc}cher.example/")->host, 'xn--bcher-kva.example', 'names beyond ASCII' );
    is( URI::file->new('/a b/#c')->as_string, 'file:///a%20b/%23c', 'files' );
    is( uri_unescape( uri_escape_utf8("\x{20ac}/") ), "\xE2\x82\xAC/", 'escaped and back' );
    my $frozen = "$uri";
    ok( !eval { $uri->scheme('1x'); 1 } && $@ =~ /\ABad scheme '1x' at \Q$0\E line/, 'a bad scheme is told with the line of the program' );
    is( "$uri", $frozen, 'and changes nothing' );
};

subtest 'requests' => sub {
    my $agent = LWP::UserAgent->new( agent => 'Test/1.0', from => 'me@example.org' );
    my $answer = $agent->get( url('/echo?q=1'), 'X-Mine' => 'yes', Accept => [ 'text/plain', 'text/*' ] );
    ok( $answer->is_success, 'GET' );
    is( $answer->code . ' ' . $answer->message, '200 OK', 'status' );
    my $sent = $answer->content;
    like( $sent, qr{\AGET /echo\?q=1 HTTP/1\.1\r\n}, 'request line' );
    like( $sent, qr/^\Q$_\E\r$/m, $_ )
      for 'User-Agent: Test/1.0', 'From: me@example.org', 'X-Mine: yes', 'Accept: text/plain', 'Accept: text/*', 'Connection: TE, close', "Host: 127.0.0.1:$server->{port}";
    like( $answer->header('Client-Peer'), qr/\A127\.0\.0\.1:\d+\z/, 'where it came from' );
    is( $answer->request->uri, url('/echo?q=1'), 'what was asked for' );

    $answer = $agent->post( url('/echo'), [ a => 1, b => [ 2, 'x y' ], c => "\x{20ac}" ] );
    like( $answer->content, qr{Content-Type: application/x-www-form-urlencoded\r\n.*?\r?\n?\r\na=1&b=2&b=x\+y&c=%E2%82%AC\z}s, 'a form' );
    like( $agent->put( url('/echo'), 'Content-Type' => 'application/json', Content => '{"a":1}' )->content, qr/\APUT .*Content-Length: 7\r\n.*\{"a":1\}\z/s, 'PUT' );
    like( $agent->delete( url('/echo') )->content, qr/\ADELETE /, 'DELETE' );
    my $head = $agent->head( url('/echo') );
    is( $head->content, '', 'HEAD has no content' );

    open my $out, '>', "$folder/up.txt" or die $!;
    print $out "line \xE9\n";
    close $out;
    $answer = $agent->post( url('/echo'), Content_Type => 'form-data', Content => [ name => 'Me', file => ["$folder/up.txt"], raw => [ undef, 'a"b.bin', Content => "\0\xFF" ] ] );
    $sent = $answer->content;
    like( $sent, qr{Content-Disposition: form-data; name="file"; filename="up\.txt"\r\nContent-Type: text/plain\r\n\r\nline \xE9\n\r\n}, 'a file' );
    like( $sent, qr{name="raw"; filename="a\\"b\.bin"\r\n\r\n\0\xFF\r\n}, 'bytes' );
    {
        local $HTTP::Request::Common::DYNAMIC_FILE_UPLOAD = 1;
        $answer = $agent->post( url('/echo'), Content_Type => 'form-data', Content => [ file => ["$folder/up.txt"] ] );
        like( $answer->content, qr/Content-Length: \d+\r\n.*line \xE9\n/s, 'a file that is read while it is sent' );
    }
    my @pieces = ( 'abc', 'x' x 100_000, '' );
    my $request = POST url('/echo');
    $request->remove_header('Content-Length');
    $request->content( sub { return shift @pieces } );
    is( length( $agent->request($request)->content =~ s/.*?\r\n\r\n//sr ), 100_003, 'content from a sub, chunked' );
    $request = PUT url('/echo'), Content => "wide \x{e9}";
    like( $agent->request($request)->content, qr/wide \xE9\z/, 'Latin-1 is bytes' );
    ok( !eval { $request->content("\x{20ac}"); 1 } && $@ =~ /content must be bytes at \Q$0\E/, 'wide characters are refused' );
    like( $agent->request( HTTP::Request->new( POST => url('/continue'), [ Expect => '100-continue' ], 'late' ) )->content, qr/late/, 'a server that never says 100' );
    is( $agent->get( url('/hints') )->content, 'done', 'hints before the answer' );
    like( $agent->get( url('/echo'), 'X-Bad' => "a\r\nEvil: 1" )->content, qr/^X-Bad: a (?:Evil: 1)\r$/m, 'a value makes no field' );
};

subtest 'answers' => sub {
    my $agent = LWP::UserAgent->new( timeout => 10 );
    is( $agent->get( url('/text/utf-8') )->decoded_content, "caf\x{e9} \x{20ac}", 'UTF-8' );
    is( $agent->get( url('/text/iso-8859-1') )->decoded_content, "caf\x{e9}", 'Latin-1' );
    is( $agent->get( url('/text/iso-8859-1') )->content, "caf\xE9", 'bytes' );
    my $answer = $agent->get( url('/gzip') );
    isnt( length $answer->content, 10_009, 'compressed' );
    is( $answer->decoded_content, "packed \x{e9}" . 'x' x 10_000, 'and not any more' );
    $answer = $agent->get( url('/chunked') );
    is( $answer->content, 'Hello big world!', 'chunked' );
    is( $answer->header('X-Trailer'), 'yes', 'with a trailer' );
    is( $agent->get( url('/old') )->content, 'until the end', 'HTTP/1.0' );
    is( $agent->get( url("/status/$_") )->content, '', "$_ has no content" ) for 204, 304;
    is( $agent->get( url('/nothing') )->code, 404, 'an error of the server' );
    is( $agent->get( url('/nothing') )->header('Client-Warning'), undef, 'is not ours' );
    $answer = $agent->get( url('/page') );
    is( join( '|', $answer->title, $answer->header('X-Said'), $answer->header('X-Meta-Keywords'), $answer->base ), 'A & B|so|k|http://base.example/x/', 'what the head of a page says' );
    is( $answer->last_modified, 760233600, 'a date' );
    is( LWP::UserAgent->new( parse_head => 0 )->get( url('/page') )->title, undef, 'unless it is not wanted' );

    $agent->max_size(1000);
    $answer = $agent->get( url('/big/100000') );
    is( $answer->header('Client-Aborted'), 'max_size', 'too much is cut' );
    cmp_ok( length $answer->content, '<', 10_000, 'soon' );
};

subtest 'where content goes' => sub {
    my $agent = LWP::UserAgent->new;
    my $answer = $agent->get( url('/big/300000'), ':content_file' => "$folder/big" );
    is( -s "$folder/big", 300_000, 'a file' );
    is( $answer->content, '', 'and nowhere else' );
    my ( $got, $calls ) = ( 0, 0 );
    $answer = $agent->get( url('/big/300000'), ':read_size_hint' => 1000, ':content_cb' => sub { $got += length $_[0]; $calls++; isa_ok( $_[1], 'HTTP::Response' ) if $calls == 1 } );
    is( $got, 300_000, 'a sub' );
    cmp_ok( $calls, '>=', 300, 'in pieces of the size asked for' );
    $answer = $agent->get( url('/big/300000'), ':content_cb' => sub { die "enough\n" } );
    is( join( '|', $answer->code, map { $answer->header($_) } 'X-Died', 'Client-Aborted' ), '200|enough|die', 'a sub that dies' );
    $answer = $agent->get( url('/nothing'), ':content_file' => "$folder/none" );
    is( $answer->content, "nothing here\n", 'an error stays in the answer' );
    ok( !-e "$folder/none", 'and makes no file' );
    $answer = $agent->get( url('/big/10'), ':content_file' => "$folder/no/such" );
    like( $answer->header('X-Died'), qr/Can't write to '\Q$folder\E\/no\/such': No such file/, 'a file that cannot be written' );
    is( $agent->mirror( url('/cached'), "$folder/mirror" )->code, 200, 'mirror' );
    is( slurp("$folder/mirror"), "content\n", 'has a copy' );
    is( ( stat "$folder/mirror" )[9], 760233600, 'as old as the original' );
    is( $agent->mirror( url('/cached'), "$folder/mirror" )->code, 304, 'that is taken again only when it has changed' );
    ok( !eval { $agent->mirror( url('/short'), "$folder/mirror" ); 1 } && $@ =~ /truncated: only 4 out of 100/, 'what comes in part' );
    is( slurp("$folder/mirror"), "content\n", 'leaves the copy alone' );
    is( join( ' ', grep { !/\A(?:big|mirror|up\.txt|\.+)\z/ } do { opendir( my $in, $folder ); readdir $in } ), '', 'nothing is left over' );
    is( LWP::Simple::get( url('/text/utf-8') ), "caf\x{e9} \x{20ac}", 'LWP::Simple' );
    is( LWP::Simple::get( url('/nothing') ), undef, 'LWP::Simple on errors' );
};

subtest 'redirections' => sub {
    my $agent = LWP::UserAgent->new;
    my $answer = $agent->get( url('/redirect/302/redirect/301/echo') );
    is( $answer->code, 200, 'followed' );
    is( join( ' ', map { $_->code } $answer->redirects ), '302 301', 'and remembered' );
    is( $answer->request->uri, url('/echo'), 'the last address' );
    is( $agent->post( url('/redirect/302/echo'), [ a => 1 ] )->code, 302, 'POST is not followed' );
    push @{ $agent->requests_redirectable }, 'POST';
    like( $agent->post( url('/redirect/302/echo'), [ a => 1 ] )->content, qr/\AGET (?!.*Content-Length)/s, 'unless asked to, and becomes GET' );
    like( $agent->post( url('/redirect/307/echo'), [ a => 1 ] )->content, qr/\APOST .*a=1\z/s, 'but for 307' );
    $answer = $agent->get( url('/loop') );
    is( scalar $answer->redirects, 7, 'a loop ends' );
    like( $answer->header('Client-Warning'), qr/loop/, 'and is told' );
    is( $agent->simple_request( GET url('/loop') )->code, 302, 'simple_request follows nothing' );
    like( $agent->get( url('/away'), Authorization => 'Basic x' )->content, qr/\A(?!.*Authorization).*Host: localhost/s, 'a password does not go to another server' );
    like( $agent->get( url('/redirect/301/echo'), Authorization => 'Basic x' )->content, qr/Authorization: Basic x/, 'but within one it does' );
};

subtest 'cookies' => sub {
    my $file = "$folder/cookies";
    my $agent = LWP::UserAgent->new( cookie_jar => { file => $file, ignore_discard => 1 } );
    $agent->get( url('/cookie') );
    like( $agent->get( url('/echo') )->content, qr/^Cookie: first=1\r$/m, 'one for all paths' );
    like( $agent->get( url('/echo/below') )->content, qr/^Cookie: second=2; first=1\r$/m, 'and one for some' );
    my $request = GET url('/echo');
    $agent->request($request);
    like( $agent->request($request)->content, qr/^Cookie: first=1\r$/m, 'a request that is used again has them once' );
    $agent->cookie_jar->save;
    is( ( stat $file )[2] & 0777, 0600, 'the file is for its owner' );
    is( HTTP::Cookies->new( file => $file )->as_string, $agent->cookie_jar->as_string, 'saved and read' );
};

subtest 'passwords' => sub {
    my $agent = LWP::UserAgent->new;
    is( $agent->get( url('/basic') )->code, 401, 'none' );
    $agent->credentials( "127.0.0.1:$server->{port}", 'the realm', 'me', 'secret' );
    my $answer = $agent->get( url('/basic') );
    is( $answer->content, 'come in', 'Basic' );
    is( $answer->previous->code, 401, 'after the question' );
    is( $agent->get( url('/basic') )->previous, undef, 'which comes only once' );
    $agent->credentials( "127.0.0.1:$server->{port}", 'the realm', 'me', 'wrong' );
    is( $agent->get( url('/basic') )->code, 401, 'a wrong one' );
    ( my $with = url('/basic') ) =~ s{//}{//me:secret@};
    is( LWP::UserAgent->new->get($with)->content, 'come in', 'in the address' );
    $agent->credentials( "127.0.0.1:$server->{port}", 'r', 'me', 'secret' );
    is( $agent->get( url('/digest?a=1') )->content, 'come in', 'Digest' );
    is( $agent->get( url('/digest?a=2') )->previous, undef, 'and again' );
};

subtest 'connections that are kept' => sub {
    my $agent = LWP::UserAgent->new( keep_alive => 2 );
    is( join( ' ', map { $agent->get( url('/echo') )->header('X-Count') } 1 .. 3 ), '1 2 3', 'one connection for three requests' );
    is( $agent->get( url('/big/100000') )->header('Client-Response-Num'), 4, 'also after much content' );
    is( $agent->get( url('/liar') )->content, 'ok', 'a server that closes' );
    is( $agent->get( url('/echo') )->header('X-Count'), 1, 'gets a new connection' );
    is( $agent->get( url('/short') )->header('Client-Aborted'), 'truncated', 'what ended too early' );
    is( $agent->get( url('/echo') )->header('X-Count'), 1, 'is not used again' );
    is( LWP::UserAgent->new->get( url('/echo') )->header('X-Count'), 1, 'none is kept unless asked for' );
    my $pid = open my $child, '-|';
    die "fork: $!" if !defined $pid;
    if ( !$pid ) {
        print $agent->get( url('/echo') )->header('X-Count');
        close STDOUT;
        require POSIX;
        POSIX::_exit(0);
    }
    is( scalar <$child>, 1, 'a child makes its own' );
    close $child;
    is( $agent->get( url('/echo') )->header('X-Count'), 2, 'and leaves the parent its' );
};

subtest 'proxies' => sub {
    my $agent = LWP::UserAgent->new( timeout => 5 );
    $agent->proxy( [qw(http ftp)], "http://u:p%20w\@127.0.0.1:$server->{port}/" );
    my $sent = $agent->get('http://far.example/echo?x#y')->content;
    like( $sent, qr{\AGET http://far\.example/echo\?x HTTP/1\.1\r\n}, 'the whole address' );
    like( $sent, qr/^Host: far\.example\r$/m, 'the host' );
    like( $sent, qr/^Proxy-Authorization: Basic dTpwIHc=\r$/m, 'the password' );
    $agent->no_proxy('127.0.0.1');
    like( $agent->get( url('/echo') )->content, qr{\AGET /echo }, 'no proxy for some' );
    local $ENV{http_proxy} = url('/');
    local $ENV{no_proxy}   = 'localhost, .local.example';
    my $from = LWP::UserAgent->new( env_proxy => 1 );
    like( $from->get('http://far.example/echo')->content, qr{\AGET http://far}, 'from the environment' );
    is_deeply( $from->{no_proxy}, [ 'localhost', '.local.example' ], 'with exceptions' );
};

subtest 'handlers' => sub {
    my $agent = LWP::UserAgent->new;
    my @seen;
    for my $phase (qw(request_preprepare request_prepare request_send response_header response_data response_done response_redirect)) {
        $agent->add_handler( $phase => sub { push @seen, $phase; return $phase eq 'response_data' } );
    }
    $agent->get( url('/chunked') );
    is( "@seen", 'request_preprepare request_prepare request_send response_header response_data response_data response_data response_done response_redirect', 'in their order' );
    $agent->remove_handler;
    $agent->add_handler( request_prepare => sub { $_[0]->header( 'X-Added' => 1 ) }, m_path_prefix => '/echo' );
    like( $agent->get( url('/echo/x') )->content, qr/X-Added: 1/, 'for some addresses' );
    $agent->set_my_handler( request_send => sub { return HTTP::Response->new( 299, 'Mine' ) }, m_method => 'DELETE' );
    is( $agent->delete( url('/echo') )->code, 299, 'an answer without a server' );
    is( $agent->get( url('/echo') )->code, 200, 'for one method' );
    $agent->add_handler( request_prepare => sub { die "not so\n" } );
    is( $agent->get( url('/echo') )->code, 400, 'one that dies' );
    Watcher->new->get( url('/big/1000') );
    like( "@Watcher::SEEN", qr/\Abegin (?:0\.\d+ )*1 end\z/, 'progress' );
};

subtest 'broken servers' => sub {
    my $agent = LWP::UserAgent->new( timeout => 1, keep_alive => 1 );
    my %expected = (
        hangup  => '500 Server closed connection without sending any data back',
        garbage => '200 Assumed OK',
        slow    => '500 read timeout',
    );
    for my $name ( sort keys %expected ) {
        my $answer = $agent->get( url("/$name") );
        is( $answer->status_line, $expected{$name}, $name );
        is( $answer->header('Client-Warning'), 'Internal response', 'which is ours' ) if $answer->code == 500;
    }
    is( $agent->get( url('/stall') )->header('X-Died'), 'read timeout', 'in the middle of content' );
    is( $agent->get( url('/short') )->header('Client-Aborted'), 'truncated', 'content that ends too early' );
    like( $agent->get( url('/badchunk') )->header('X-Died'), qr/Bad chunk-size/, 'chunks that are none' );
    like( $agent->get( url('/longline') )->status_line, qr/\A500 Header line too long/, 'a line without end' );

    my $closed = IO::Socket::INET->new( Listen => 1, LocalAddr => '127.0.0.1' );
    my $port   = $closed->sockport;
    close $closed;
    my $answer = $agent->get("http://127.0.0.1:$port/");
    is( $answer->status_line, "500 Can't connect to 127.0.0.1:$port (Connection refused)", 'nobody there' );
    like( $answer->content, qr/Connection refused/, 'in the content, too' );
    like( $agent->get('http://no.such.host.invalid/')->status_line, qr/\A500 Can't connect to no\.such\.host\.invalid:80 \(.+\)/, 'no such host' );
    is( $agent->get('nonsense://x')->status_line, q(501 Protocol scheme 'nonsense' is not supported), 'no such scheme' );
    is( $agent->get('relative')->status_line, '400 URL must be absolute', 'no address' );
    $agent->protocols_allowed( ['http'] );
    is( $agent->get("file:$folder/up.txt")->status_line, q(500 Access to 'file' URIs has been disabled), 'a scheme that is not allowed' );
    is( LWP::UserAgent->new->get("file:$folder/up.txt")->content, "line \xE9\n", 'a file where it is' );
    is( LWP::UserAgent->new->get('data:text/plain;base64,SGk=')->content, 'Hi', 'data' );
    {
        local @INC = grep { !ref } @INC;
        like( LWP::UserAgent->new->get('https://127.0.0.1/')->status_line, qr/\A501 Protocol scheme 'https' is not supported/, 'https where there is no TLS' )
          if !eval { require IO::Socket::SSL; 1 };
    }
};

# A server of FTP with one directory and one file, which opens a second connection for each listing and each file.
sub ftp_server {
    my $listener = IO::Socket::INET->new( Listen => 5, LocalAddr => '127.0.0.1' ) or die $!;
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    return ( $pid, $listener->sockport ) if $pid;
    alarm 60;
    while ( my $client = $listener->accept ) {
        my ( $data, $folder ) = ( undef, '/' );
        my %file = ( 'hello.txt' => "hello\n" );
        print $client "220 here\r\n";
        while ( my $line = <$client> ) {
            my ( $command, $word ) = $line =~ /\A(\w+) ?(.*?)\r?\n/;
            my $say = sub { print $client "$_[0]\r\n" };
            if    ( $command eq 'PASS' ) { $say->( $word eq 'secret' || $word =~ /anonymous/ ? '230 in' : '530 no' ) }
            elsif ( $command eq 'PASV' ) {
                $data = IO::Socket::INET->new( Listen => 1, LocalAddr => '127.0.0.1' );
                $say->( sprintf '227 Entering (127,0,0,1,%d,%d)', $data->sockport >> 8, $data->sockport & 255 );
            }
            elsif ( $command eq 'CWD' )  { $say->( $word eq 'pub' ? '250 there' : '550 no' ) }
            elsif ( $command eq 'SIZE' ) { $say->( exists $file{$word} ? '213 ' . length $file{$word} : '550 no' ) }
            elsif ( $command eq 'MDTM' ) { $say->( exists $file{$word} ? '213 19940203000000' : '550 no' ) }
            elsif ( $command eq 'RETR' && !exists $file{$word} ) { $say->('550 no such file') }
            elsif ( $command =~ /\A(?:RETR|LIST|STOR)\z/ ) {
                $say->('150 coming');
                my $other = $data->accept;
                if ( $command eq 'STOR' ) { local $/; $file{$word} = <$other> }
                else                      { print $other $command eq 'LIST' ? "-rw-r--r-- 1 me us 6 Feb  3  1994 hello.txt\r\n" : $file{$word} }
                close $other;
                $say->('226 done');
            }
            else { $say->( $command eq 'USER' ? '331 who' : $command eq 'QUIT' ? '221 bye' : $command eq 'TYPE' ? '200 ok' : '500 what' ) }
            last if $command eq 'QUIT';
        }
        close $client;
    }
    require POSIX;
    POSIX::_exit(0);
}

subtest 'FTP' => sub {
    my ( $pid, $port ) = ftp_server();
    my $agent  = LWP::UserAgent->new( timeout => 5 );
    my $answer = $agent->get("ftp://127.0.0.1:$port/pub/hello.txt");
    is( join( '|', $answer->code, $answer->content, $answer->content_type, $answer->content_length, $answer->last_modified ), "200|hello\n|text/plain|6|760233600", 'a file' );
    like( $agent->get("ftp://127.0.0.1:$port/pub/")->content, qr/hello\.txt/, 'a directory' );
    like( $agent->get( "ftp://127.0.0.1:$port/pub/", Accept => 'text/html' )->content, qr/<a href="hello\.txt">hello\.txt<\/a>/, 'as a page' );
    is( $agent->get("ftp://127.0.0.1:$port/pub/none")->code, 404, 'a file that is not there' );
    is( $agent->get("ftp://me:wrong\@127.0.0.1:$port/pub/hello.txt")->code, 401, 'a wrong password' );
    is( $agent->get("ftp://me:secret\@127.0.0.1:$port/pub/hello.txt")->code, 200, 'the right one' );
    is( $agent->put( "ftp://me:secret\@127.0.0.1:$port/pub/new", Content => 'data' )->code, 201, 'a file that is stored' );
    is( $agent->get("ftp://127.0.0.1:$port/a%0D%0ADELE%20x")->code, 400, 'a name with a command in it' );
    kill 'KILL', $pid;
    waitpid $pid, 0;
};

subtest 'odds and ends' => sub {
    require HTML::Entities;
    is( HTML::Entities::encode_entities("<\x{e9}\x{20ac}\x{263a}>"), '&lt;&eacute;&euro;&#x263A;&gt;', 'entities' );
    is( HTML::Entities::decode_entities('&lt;&eacute;&#8364;&#x263a;&nosuch;&amp;lt;'), "<\x{e9}\x{20ac}\x{263a}&nosuch;&lt;", 'and back' );
    require File::Listing;
    my @entries = File::Listing::parse_dir( "total 1\ndrwxr-xr-x 2 me us 10 Mar 16 2005 sub\n-rw-r----- 1 me us 23 Feb 26 2005 a b.txt\n", 'GMT' );
    is_deeply( \@entries, [ [ 'sub', 'd', undef, 1110931200, 040755 ], [ 'a b.txt', 'f', 23, 1109376000, 0100640 ] ], 'a listing' );
    require WWW::RobotRules;
    my $rules = WWW::RobotRules->new('Me/1.0');
    $rules->parse( 'http://h/robots.txt', "User-agent: *\nDisallow: /private\n" );
    is( $rules->allowed('http://h/private/x') . $rules->allowed('http://h/x') . $rules->allowed('http://other/x'), '01-1', 'robots.txt' );
};

is( "@warnings", '', 'no warnings' );
done_testing;
