use strict;
use warnings;

# The replacement of MIME::Lite, on a perl with core modules only, whatever this machine has.
use lib 't/lib', 'lib';
use CoreOnly;
use CPANBridge::Compat;
use File::Temp qw(tempdir);
use IO::Socket::INET;
use MIME::Base64;
use Test::More;

use MIME::Lite;

ok( CPANBridge::Compat->is_shim('MIME::Lite'), 'MIME::Lite is ours' );
my $folder = tempdir( CLEANUP => 1 );
my @head = ( From => 'Me <me@example.org>', To => 'you@example.org, "They, too" <they@example.org>', Subject => 'Hi', Datestamp => 0 );

sub put {
    my ( $name, $text ) = @_;
    open my $out, '>', "$folder/$name" or die $!;
    binmode $out;
    print $out $text;
    close $out or die $!;
    return "$folder/$name";
}

# --- building -------------------------------------------------------------------------------------------------------

$MIME::Lite::VANILLA = 1;
is( MIME::Lite->new( @head, Data => [ "Hel", "lo\n" ] )->as_string, <<'TEXT', 'a plain message' );
Content-Disposition: inline
Content-Length: 6
Content-Transfer-Encoding: binary
Content-Type: text/plain
MIME-Version: 1.0
From: Me <me@example.org>
To: you@example.org, "They, too" <they@example.org>
Subject: Hi

Hello
TEXT

my $binary  = join '', map {chr} 0 .. 255;
my $message = MIME::Lite->new( @head, Type => 'TEXT', Data => "text\n" );
$message->attach( Type => 'AUTO', Path => put( 'a.gif', $binary ), Disposition => 'attachment' );
$message->attach( Type => 'text/plain; charset=utf-8', Encoding => 'quoted-printable', Data => "M\xc3\xbcller = 1 \n", Filename => 'm.txt' );
my $text = $message->as_string;
my ($boundary) = $text =~ /^Content-Type: multipart\/mixed; boundary="(.+)"$/m;
my ( undef, @parts ) = split /^--\Q$boundary\E(?:--)?\n/m, $text, -1;
is( pop @parts, '', 'nothing follows the last boundary' );
is( @parts, 3, 'a message with text becomes the first part when others are attached' );
like( $parts[0], qr/\n\ntext\n\n\z/, 'the text' );
like( $parts[1], qr/^Content-Disposition: attachment; filename="a\.gif"\n.*^Content-Type: image\/gif; name="a\.gif"\n/ms, 'a file by its name' );
is( decode_base64( ( split /\n\n/, $parts[1], 2 )[1] ), $binary, 'and its bytes' );
like( $parts[2], qr/^M=C3=BCller =3D 1=20$/m, 'quoted-printable' );
is( scalar $message->parts, 3, 'parts' );
is( scalar( () = $message->parts_DFS ), 4, 'parts_DFS' );

my $fields = MIME::Lite->new( @head, Data => 'x', 'X-Mine' => "a\nBcc: victim", 'Own:' => 1, Unknown => 2 );
unlike( $fields->header_as_string, qr/^Bcc/m, 'a newline makes no field' );
like( $fields->header_as_string, qr/^Own: 1$/m, 'a colon makes one of any name' );
unlike( $fields->header_as_string, qr/Unknown/, 'nothing else does' );
$fields->attr( 'content-type.charset' => 'UTF-8' );
$fields->replace( 'Subject' => 'Ho' );
$fields->field_order(qw(subject Content-Type));
like( $fields->header_as_string, qr/\ASubject: Ho\nContent-Type: text\/plain; charset="UTF-8"\n/, 'order, attributes, replacing' );
is( ( map { length } split /\n/, MIME::Lite->new( @head, Encoding => '8bit', Data => 'x' x 2500 )->body_as_string )[$_], ( 990, 990, 520 )[$_], 'long lines are cut' )
  for 0 .. 2;

for my $case (
    [ 'no data in this part'                                               => sub { MIME::Lite->new(@head)->as_string } ],
    [ "$folder/none: not readable"                                         => sub { MIME::Lite->new( @head, Path => "$folder/none" )->as_string } ],
    [ "unsupported encoding: `ROT13'"                                      => sub { MIME::Lite->new( @head, Data => 1, Encoding => 'rot13' )->as_string } ],
    [ "illegal MIME: can't have encoding base64 with type multipart/mixed" => sub { MIME::Lite->new( @head, Type => 'multipart/mixed', Encoding => 'base64' ) } ],
  )
{
    my ( $why, $sub ) = @$case;
    ok( !eval { $sub->(); 1 }, "fails: $why" );
    like( $@, qr/\A\Q$why\E at \Q$0\E line \d+/, 'and says so, with the line of the program' );
}

# --- sending --------------------------------------------------------------------------------------------------------

my $program = put( 'sendmail', "#!/bin/sh\necho \"\$@\" > '$folder/args'; cat > '$folder/sent'\n" );
chmod 0700, $program;
my $letter = MIME::Lite->new( @head, Bcc => 'secret@example.org', Data => "one\n.\ntwo\n" );
is( $letter->last_send_successful, undef, 'not sent yet' );
ok( $letter->send( 'sendmail', Sendmail => $program ), 'sendmail' );
is( do { open my $in, '<', "$folder/args"; scalar <$in> }, "-t -oi -oem -fme\@example.org\n", 'with whom it is from' );
is( do { open my $in, '<', "$folder/sent"; local $/; <$in> }, $letter->as_string, 'all of it' );
ok( !$letter->send( 'sendmail', '/bin/false' ), 'a program that fails' );
is( $letter->last_send_successful, 0, 'is told' );
is( $letter->send( 'sub', sub { "sent $_[1]" }, 'so' ), 'sent so', 'sub' );

my $server = IO::Socket::INET->new( Listen => 1, LocalAddr => '127.0.0.1' );
SKIP: {
    skip 'no socket to listen on', 6 if !$server;
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ( !$pid ) {
        alarm 20;
        my $client = $server->accept;
        open my $log, '>', "$folder/smtp" or die $!;
        print $client "220 test\r\n";
        my $in_data = 0;
        while ( my $line = <$client> ) {
            print $log $line;
            if ($in_data) { next if $line ne ".\r\n"; $in_data = 0 }
            if ( $line =~ /^DATA/ ) { $in_data = 1; print $client "354 go on\r\n"; next }
            print $client $line =~ /^QUIT/ ? "221 bye\r\n" : $line =~ /^EHLO/ ? "250 test\r\n" : "250 fine\r\n";
            last if $line =~ /^QUIT/;
        }
        close $log;
        require POSIX;
        POSIX::_exit(0);
    }
    ok( $letter->send( 'smtp', '127.0.0.1', Port => $server->sockport, Timeout => 10 ), 'smtp' );
    waitpid $pid, 0;
    my $said = do { open my $in, '<', "$folder/smtp" or die $!; local $/; <$in> };
    like( $said, qr/^MAIL FROM:<me\@example\.org>\r\n/m, 'from' );
    is( join( ' ', $said =~ /^RCPT TO:<(.+)>\r\n/mg ), 'you@example.org they@example.org secret@example.org', 'to all, the hidden ones too' );
    unlike( $said, qr/^Bcc:/m, 'who stay hidden' );
    like( $said, qr/\r\none\r\n\.\.\r\ntwo\r\n\.\r\n/, 'a lone dot does not end it' );
    ok( !eval { $letter->send( 'smtp', '127.0.0.1', Port => 1, Timeout => 2 ); 1 } && $@ =~ /SMTP Failed to connect/, 'nobody there' );
}

is( join( ' ', MIME::Lite::extract_only_addrs('  Me <me@x.org>, "A, B"<ab@x.org> ,login') ), 'me@x.org ab@x.org login', 'addresses' );
like( CPANBridge::Compat::Mail::date( 86400 * 365 ), qr/\A[A-Z][a-z]{2}, \d+ [A-Z][a-z]{2} 197[01] \d\d:\d\d:\d\d [-+]\d{4}\z/, 'a date' );

done_testing;
