#!/usr/bin/perl
# Takes an RSS feed over https and keeps its entries in an SQLite database; tells which ones are new.
#
#   feed.pl https://example.org/feed.xml feed.db
use strict;
use warnings;

use DBI;
use HTTP::Tiny;
use XML::LibXML;

my ( $url, $database ) = @ARGV;
die "usage: $0 url feed.db\n" if !defined $database;

binmode STDOUT, ':encoding(UTF-8)';

# SSL_CERT_FILE names the authorities to trust where the system's are not to be used.
my $http = HTTP::Tiny->new( agent => 'feed.pl ', timeout => 30, verify_SSL => 1,
    $ENV{SSL_CERT_FILE} ? ( SSL_options => { SSL_ca_file => $ENV{SSL_CERT_FILE} } ) : () );
my $answer = $http->get($url);
die "$url: $answer->{status} $answer->{reason}\n" if !$answer->{success};

# The bytes as they came: the document says itself in which encoding it is.
my $document = eval { XML::LibXML->load_xml( string => $answer->{content}, no_network => 1, expand_entities => 0 ) }
  or die "$url is no XML: $@";
my $xpc = XML::LibXML::XPathContext->new($document);
$xpc->registerNs( dc => 'http://purl.org/dc/elements/1.1/' );

my $dbh = DBI->connect( "dbi:SQLite:dbname=$database", '', '', { RaiseError => 1, PrintError => 0, AutoCommit => 0, sqlite_unicode => 1 } );
$dbh->do(<<'SQL');
    CREATE TABLE IF NOT EXISTS entry (
        guid TEXT PRIMARY KEY, title TEXT NOT NULL, link TEXT, creator TEXT, categories TEXT, text TEXT
    )
SQL
my $known  = $dbh->prepare('SELECT title FROM entry WHERE guid = ?');
my $insert = $dbh->prepare('INSERT INTO entry (guid, title, link, creator, categories, text) VALUES (?, ?, ?, ?, ?, ?)');
my $update = $dbh->prepare('UPDATE entry SET title = ? WHERE guid = ?');

print $xpc->findvalue('/rss/channel/title'), "\n";
my ( $new, $changed ) = ( 0, 0 );
for my $item ( $xpc->findnodes('/rss/channel/item') ) {
    my %entry = map { $_ => $xpc->findvalue( "normalize-space($_)", $item ) } qw(guid title link dc:creator);
    $entry{guid} = $entry{link} if !length $entry{guid};
    my @categories = map { $_->textContent } $item->getChildrenByTagName('category');
    my ($description) = $item->findnodes('description');

    $known->execute( $entry{guid} );
    my ($title) = $known->fetchrow_array;
    $known->finish;
    if ( !defined $title ) {
        $insert->execute(
            @entry{qw(guid title link)},
            length $entry{'dc:creator'} ? $entry{'dc:creator'} : undef,
            join( ', ', @categories ),
            $description ? $description->textContent : undef
        );
        $new++;
        print "  new: $entry{title}\n";
    }
    elsif ( $title ne $entry{title} ) {
        $update->execute( @entry{qw(title guid)} );
        $changed++;
        print "  changed: $title -> $entry{title}\n";
    }
}
$dbh->commit;
my ($all) = $dbh->selectrow_array('SELECT COUNT(*) FROM entry');
print "$new new, $changed changed, $all in all\n";
$dbh->disconnect;
