package URI::Heuristic;

use 5.014;
use strict;
use warnings;

use Exporter 'import';

our $VERSION   = '5.17';
our @EXPORT_OK = qw(uf_uri uf_uristr uf_url uf_urlstr);
our ( $MY_COUNTRY, $DEBUG );

# Where the names of companies and organisations have a domain of their own below the country's.
my %BELOW = ( uk => [qw(co.uk org.uk)], gb => [qw(co.uk org.uk)], au => [qw(com.au org.au)], nz => [qw(co.nz org.nz)], jp => [qw(co.jp or.jp)] );
my %SCHEME_OF_PORT = ( 21 => 'ftp', 443 => 'https', 70 => 'gopher' );

sub uf_uristr {
    my ($text) = @_;
    return $text if !defined $text;
    print STDERR "uf_uristr: resolving $text\n" if $DEBUG;
    $text =~ s/\A\s+//;
    $text =~ s/\s+\z//;
    return "file:$text" if $text =~ m{\A(?:\.{0,2}/|[A-Za-z]:[\\/]|\.{1,2}\z)};
    return $text if $text =~ /\A[a-zA-Z][a-zA-Z0-9.+\-]*:/ && $text !~ /\A[\w.\-]+\.[\w\-]+:\d/;
    return "mailto:$text" if $text =~ /\A[\w.+\-]+\@[\w\-]+\.[\w.\-]+\z/;
    return "http://$text" if $text !~ m{\A([\w.\-]+)(?::(\d+))?(?=[/?#]|\z)};
    my ( $host, $port ) = ( $1, $2 );
    return _scheme( $host, $port ) . "://$text" if $host =~ /\./ || defined $port;
    my $known = _scheme($host);
    return "$known://$text" if $known ne 'http';
    for my $name ( _guesses($host) ) {
        print STDERR "uf_uristr: gethostbyname('$name.')..." if $DEBUG;
        if ( scalar gethostbyname "$name." ) {
            print STDERR "yes\n" if $DEBUG;
            substr $text, 0, length $host, $name;
            last;
        }
        print STDERR "no\n" if $DEBUG;
    }
    return "http://$text";
}

sub _scheme {
    my ( $host, $port ) = @_;
    return $SCHEME_OF_PORT{$port} if defined $port && $SCHEME_OF_PORT{$port};
    return lc $1 if $host =~ /\A(ftp|gopher|https?|wais)\d*(?:\.|\z)/i;
    return 'news' if $host =~ /\Anews\d*\./i;
    return 'http';
}

sub _guesses {
    my ($host) = @_;
    return map { my $name = $_; $name =~ s/\bACME\b/$host/; $name } split ' ', $ENV{URL_GUESS_PATTERN} if defined $ENV{URL_GUESS_PATTERN};
    my $country = _country();
    my @domains = $country ? @{ $BELOW{$country} || [$country] } : ();
    return map { "www.$host.$_" } @domains, 'com', 'org', 'net', 'edu', 'int';
}

sub _country {
    return $MY_COUNTRY if defined $MY_COUNTRY;
    return $MY_COUNTRY = lc $ENV{COUNTRY} if $ENV{COUNTRY};
    for my $name (qw(HTTP_ACCEPT_LANGUAGE LC_ALL LANG)) {
        next if !defined $ENV{$name};
        return $MY_COUNTRY = lc $1 if $ENV{$name} =~ /\A[a-z]{2}[_\-]([a-zA-Z]{2})\b/i;
    }
    require Net::Domain;
    my $domain = Net::Domain::hostfqdn();
    return $MY_COUNTRY = defined $domain && $domain =~ /\.([a-zA-Z]{2})\z/ ? lc $1 : 0;
}

sub uf_uri {
    my ($text) = @_;
    require URI;
    return URI->new( uf_uristr($text) );
}

sub uf_urlstr { my ($text) = @_; return uf_uristr($text) }

sub uf_url {
    my ($text) = @_;
    require URI::URL;
    return URI::URL->new( uf_uristr($text) );
}

1;

__END__

=head1 NAME

URI::Heuristic - makes addresses of what people type

=head1 SYNOPSIS

    use URI::Heuristic qw(uf_uristr);

    print uf_uristr('www.example.org/list'), "\n";    # http://www.example.org/list

=head1 COVERED

C<uf_uri>, C<uf_uristr>, C<uf_url>, C<uf_urlstr>, and the variables of the environment that its documentation names. Part of L<URI>.

=cut
