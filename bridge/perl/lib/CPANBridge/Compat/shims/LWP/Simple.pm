package LWP::Simple;

use 5.014;
use strict;
use warnings;

use Exporter 'import';
use HTTP::Status;
use LWP::UserAgent ();

our $VERSION = '6.68';

our @EXPORT    = ( qw(get head getprint getstore mirror), @HTTP::Status::EXPORT );
our @EXPORT_OK = qw($ua $FULL_LWP);
our $FULL_LWP;

our $ua = LWP::UserAgent->new;
$ua->agent( "LWP::Simple/$VERSION " . $ua->_agent );
$ua->env_proxy;

sub get {
    my ($url) = @_;
    my $response = $ua->get($url);
    return undef if !$response->is_success;    ## no critic (ProhibitExplicitReturnUndef)
    my $text = $response->decoded_content;
    return defined $text ? $text : $response->content;
}

sub head {
    my ($url) = @_;
    my $response = $ua->request( HTTP::Request->new( HEAD => $url ) );
    return if !$response->is_success;
    return $response if !wantarray;
    return ( scalar $response->header('Content-Type'), scalar $response->header('Content-Length'), $response->last_modified, $response->expires, scalar $response->header('Server') );
}

sub getprint {
    my ($url) = @_;
    my $request = HTTP::Request->new( GET => $url );
    local ( $\, $, ) = ( '', '' );
    my $response = $ua->request( $request, sub { print $_[0] } );
    if ( !$response->is_success ) { print STDERR $response->status_line, " <URL:$url>\n" }
    return $response->code;
}

sub getstore {
    my ( $url, $file ) = @_;
    return $ua->request( HTTP::Request->new( GET => $url ), $file )->code;
}

sub mirror {
    my ( $url, $file ) = @_;
    return $ua->mirror( $url, $file )->code;
}

1;

__END__

=head1 NAME

LWP::Simple - the web in one line

=head1 SYNOPSIS

    use LWP::Simple;

    my $page = get('http://www.example.org/');
    getstore( 'http://www.example.org/report.pdf', 'report.pdf' );

=head1 COVERED

All of LWP::Simple 6.68. Part of L<LWP>.

=cut
