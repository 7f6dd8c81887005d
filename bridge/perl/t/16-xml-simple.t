use strict;
use warnings;

# The replacement of XML::Simple over that of XML::Parser and a real daemon, on a perl with core modules only.
use lib 't/lib', 'lib';
use CoreOnly;
use BridgeDaemon;
use CPANBridge::Compat;
use Encode ();
use File::Temp qw(tempdir);
use Test::More;

my $daemon = BridgeDaemon->new( options => [ '--modules=xml', '--max-requests-per-minute=1000000' ] );
$ENV{CPAN_BRIDGE_SOCKET} = $daemon->socket;
my $folder = tempdir( CLEANUP => 1 );
my @warned;
$SIG{__WARN__} = sub { push @warned, @_ };

use XML::Simple;
ok( CPANBridge::Compat->is_shim('XML::Simple'), 'XML::Simple is ours' );

sub put {
    my ( $name, $bytes ) = @_;
    open my $out, '>', "$folder/$name" or die $!;
    binmode $out;
    print $out $bytes;
    close $out or die $!;
    return "$folder/$name";
}

subtest 'a configuration comes in and goes out' => sub {
    my $file = put( 'servers.xml', <<'XML' );
<config logdir="/var/log/foo/" debugfile="/tmp/foo.debug">
  <server name="sahara" osname="solaris" osversion="2.6">
    <address>10.0.0.101</address>
    <address>10.0.1.101</address>
  </server>
  <server name="gobi" osname="irix" osversion="6.5">
    <address>10.0.0.102</address>
  </server>
</config>
XML
    my %options = ( ForceArray => ['address'], KeyAttr => { server => 'name' } );
    my $config = XMLin( $file, %options );
    is_deeply(
        $config,
        {
            logdir    => '/var/log/foo/',
            debugfile => '/tmp/foo.debug',
            server    => {
                sahara => { osname => 'solaris', osversion => '2.6', address => [ '10.0.0.101', '10.0.1.101' ] },
                gobi   => { osname => 'irix',    osversion => '6.5', address => ['10.0.0.102'] },
            },
        },
        'folded by name'
    );
    my $xml = XMLout( $config, RootName => 'config', KeyAttr => { server => 'name' } );
    is_deeply( XMLin( $xml, %options ), $config, 'and back again' );
    like( $xml, qr/^  <server name="gobi" osname="irix" osversion="6\.5">\n    <address>10\.0\.0\.102<\/address>\n  <\/server>$/m, 'as text' );
    open my $handle, '<', $file or die $!;
    is_deeply( XMLin( $handle, %options ), $config, 'from a handle' );
    XMLout( $config, OutputFile => "$folder/out.xml", RootName => 'config', KeyAttr => { server => 'name' }, XMLDecl => 1 );
    is_deeply( XMLin( "$folder/out.xml", %options ), $config, 'through a file' );
};

subtest 'characters' => sub {
    is( XMLin( '<?xml version="1.0" encoding="ISO-8859-1"?>' . "<a b='M\xfcller'/>" )->{b}, "M\x{fc}ller", 'Latin-1' );
    is( XMLin( put( 'utf16.xml', Encode::encode( 'UTF-16', "<a><b>\x{20ac}</b></a>" ) ) )->{b}, "\x{20ac}", 'a file in UTF-16' );
    is( XMLin( qq(<?xml version="1.0" encoding="windows-1252"?><a><b>\x80</b></a>) )->{b}, "\x{20ac}", 'windows-1252' );
    my $xml = XMLout( { text => qq(\x{20ac} <&> "'), list => [ "\x{fc}", 0, '' ] }, RootName => 'a' );
    is_deeply( XMLin($xml), { text => qq(\x{20ac} <&> "'), list => [ "\x{fc}", 0, {} ] }, 'out and in' );
    XMLout( { text => "\x{20ac}" }, OutputFile => "$folder/euro.xml", RootName => 'a' );
    is( XMLin("$folder/euro.xml")->{text}, "\x{20ac}", 'a file is UTF-8' );
    is( XMLout( { text => "\x{20ac}\xe9" }, NumericEscape => 2, RootName => 'a' ), qq(<a text="&#8364;&#233;" />\n), 'NumericEscape' );
    is( XMLin('<a>0</a>'), '0', 'zero is text' );
    is( XMLin("<a><![CDATA[<x>]]>&#x41;</a>"), '<x>A', 'CDATA' );
};

subtest 'what is wrong' => sub {
    ok( !eval { XMLin('<a><b></a>'); 1 }, 'XML that is none' );
    like( $@, qr/mismatched tag at line 1, column 8, byte 8/, '... said with its place' );
    ok( !eval { XMLin("$folder/missing.xml"); 1 } && $@ =~ /\AFile does not exist: .*missing\.xml at \Q$0\E line \d+/, 'a file that is not there' );
    ok( !eval { XMLin( '<a/>', NoSuchOption => 1 ); 1 } && $@ =~ /Unrecognised option: NoSuchOption at \Q$0\E line \d+/i, 'an option that there is not' );
    my $round = {};
    $round->{self} = $round;
    ok( !eval { XMLout($round); 1 } && $@ =~ /circular data structures not supported at \Q$0\E line \d+/, 'data in a circle' );
    is_deeply( XMLin('<a><b name="x">1</b></a>'), { b => { name => 'x', content => 1 } }, 'and the next one is none the worse' );
};

subtest 'strict' => sub {
    my $code = 'package Careful; use XML::Simple qw(:strict); eval { XMLin("<a/>") }; $@';
    like( eval $code, qr/No value specified for 'KeyAttr' option in call to XMLin\(\)/, 'a package that asked for it must say KeyAttr' );
    ok( XMLin('<a/>'), '... and another need not' );
};

subtest 'nothing from outside' => sub {
    my $secret = put( 'secret.txt', 'secret' );
    my $data = XMLin(qq(<!DOCTYPE a [<!ENTITY e SYSTEM "$secret">]><a><b>&e;</b></a>));
    unlike( XMLout($data), qr/>secret</, 'external entities are not read' );
    $data = XMLin(qq(<!DOCTYPE a SYSTEM "http://192.0.2.1/a.dtd"><a b="1"/>));
    is( $data->{b}, 1, 'nor is a DTD' );
    my $bomb = '<!DOCTYPE a [<!ENTITY a0 "' . 'x' x 1000 . '">' . join( '', map { sprintf '<!ENTITY a%d "%s">', $_, sprintf( '&a%d;', $_ - 1 ) x 10 } 1 .. 8 ) . ']><a>&a8;</a>';
    ok( !eval { XMLin($bomb); 1 }, 'entities that multiply are refused' );
    is( XMLin('<a>fine</a>'), 'fine', '... and the daemon lives' );
};

subtest 'much' => sub {
    my $xml = '<list>' . join( '', map {"<item name='n$_' value='$_'><text>M\xc3\xbcller $_</text></item>"} 1 .. 5000 ) . '</list>';
    my $data = XMLin($xml);
    is( scalar keys %{ $data->{item} }, 5000, 'five thousand items' );
    is_deeply( $data->{item}{n4321}, { value => 4321, text => "M\x{fc}ller 4321" }, '... each as it was' );
};

subtest 'the daemon is not there' => sub {
    my $file = put( 'cached.xml', '<a><b>1</b></a>' );
    my $long_ago = time - 100;
    utime $long_ago, $long_ago, $file;
    is( XMLin( $file, Cache => 'storable' )->{b}, 1, 'a file is read and put into the cache' );
    $daemon->stop;
    ok( !eval { XMLin('<!DOCTYPE a><a/>'); 1 }, 'reading fails' );
    like( $@, qr/\AXML::Parser cannot parse through CPANBridge: .* at \Q$0\E line \d+/s, '... the error names who it was, and this line' );
    is( XMLin( $file, Cache => 'storable' )->{b}, 1, 'but not from the cache' );
    is( XMLout( { b => 1 }, RootName => 'a' ), qq(<a b="1" />\n), 'nor does writing' );
    $daemon->start;
    is( XMLin('<!DOCTYPE a><a>back</a>'), 'back', 'and when it is back, reading goes on' );
};

is( "@warned", '', 'no warnings' );

done_testing;
