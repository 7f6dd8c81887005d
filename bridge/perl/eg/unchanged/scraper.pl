#!/usr/bin/perl
# Logs in to a shop with a form, follows the pages of its list, and writes what there is as CSV. Cookies are kept in a
# file, so that the next run need not log in.
#
#   scraper.pl http://shop.example/ user password cookies.txt
use strict;
use warnings;

use HTTP::Cookies;
use HTTP::Request::Common qw(POST);
use LWP::UserAgent;
use URI;
use URI::Escape qw(uri_escape_utf8);

my ( $start, $user, $password, $cookie_file ) = @ARGV;
die "usage: $0 url user password cookies.txt\n" if !defined $cookie_file;

binmode STDOUT, ':encoding(UTF-8)';
my $agent = LWP::UserAgent->new(
    agent      => 'scraper/1.0',
    timeout    => 30,
    cookie_jar => HTTP::Cookies->new( file => $cookie_file, autosave => 1, ignore_discard => 1 ),
);
$agent->default_header( 'Accept-Language' => 'de, en;q=0.5' );

my %entity = ( amp => '&', lt => '<', gt => '>', quot => '"', euro => "\x{20ac}", nbsp => q( ), auml => "\x{e4}", ouml => "\x{f6}", uuml => "\x{fc}" );

sub text {
    my ($html) = @_;
    $html =~ s/<[^>]*>//g;
    $html =~ s/&(?:#(\d+)|(\w+));/defined $1 ? chr $1 : defined $entity{$2} ? $entity{$2} : "&$2;"/ge;
    $html =~ s/\s+/ /g;
    $html =~ s/^ | $//g;
    return $html;
}

# A page; logs in where the shop asks for that.
sub page {
    my ($url) = @_;
    my $answer = $agent->get($url);
    if ( $answer->code == 401 ) {
        print "logging in\n";
        my $form = POST( URI->new_abs( '/login', $url ), [ user => $user, password => $password, back => $url->path_query ] );
        $answer = $agent->request($form);
        $answer = $agent->get( URI->new_abs( $answer->header('Location'), $url ) ) if $answer->is_redirect;
    }
    die "$url: ", $answer->status_line, "\n" if !$answer->is_success;
    die "$url is ", $answer->content_type, "\n" if $answer->content_type ne 'text/html';
    return ( $answer->decoded_content, $answer->base );
}

my $next = URI->new_abs( 'list?page=1&q=' . uri_escape_utf8("N\x{e4}gel & Co"), $start );
my ( $pages, @rows ) = (0);
while ($next) {
    my ( $html, $base ) = page($next);
    $pages++;
    while ( $html =~ m{<tr>\s*<td>(.*?)</td>\s*<td>(.*?)</td>\s*<td><a href="([^"]*)">}gs ) {
        my ( $name, $price, $link ) = ( text($1), text($2), URI->new_abs( text($3), $base ) );
        $price =~ tr/0-9,//cd;
        $price =~ tr/,/./;
        push @rows, [ $name, $price, $link->path ];
    }
    $next = $html =~ m{<a rel="next" href="([^"]*)"} ? URI->new_abs( text($1), $base ) : undef;
}

for my $row ( sort { $a->[1] <=> $b->[1] } @rows ) {
    print join( ',', map { my $field = $_; $field =~ s/"/""/g; $field =~ /[",]/ ? qq("$field") : $field } @$row ), "\n";
}
my $missing = $agent->head( URI->new_abs( 'nothing-here', $start ) );
print "$pages pages, ", scalar(@rows), ' things; ', $missing->code, ' ', $missing->message, " for what is not there\n";
