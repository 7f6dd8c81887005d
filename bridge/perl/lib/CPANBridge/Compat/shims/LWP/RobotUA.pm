package LWP::RobotUA;

use 5.014;
use strict;
use warnings;

use Carp            ();
use HTTP::Date      ();
use HTTP::Request   ();
use HTTP::Response  ();
use HTTP::Status    ();
use WWW::RobotRules ();

use parent 'LWP::UserAgent';

our $VERSION = '6.68';

sub new {
    my ( $class, @words ) = @_;
    my %option = @words < 4 ? ( agent => $words[0], from => $words[1], @words > 2 ? ( rules => $words[2] ) : () ) : @words;
    Carp::croak('LWP::RobotUA agent required')        if !$option{agent};
    Carp::croak('LWP::RobotUA from address required') if !$option{from} || $option{from} !~ /\@/;
    my %own = ( delay => 1, use_sleep => 1 );
    for my $name (qw(delay use_sleep rules)) { $own{$name} = delete $option{$name} if exists $option{$name} }
    my $self = LWP::UserAgent::new( $class, %option );
    $self->{$_} = $own{$_} for qw(delay use_sleep);
    my $rules = $own{rules} || WWW::RobotRules->new( $option{agent} );
    $rules->agent( $option{agent} );
    $self->{rules} = $rules;
    return $self;
}

sub delay     { my $self = shift; return $self->_elem( 'delay', @_ ) }
sub use_sleep { my $self = shift; return $self->_elem( 'use_sleep', @_ ) }

sub agent {
    my ( $self, @new ) = @_;
    my $old = $self->SUPER::agent(@new);
    $self->{rules}->agent( $new[0] ) if @new && $self->{rules};
    return $old;
}

sub rules {
    my ( $self, @new ) = @_;
    my $old = $self->_elem( 'rules', @new );
    $self->{rules}->agent( $self->agent ) if @new;
    return $old;
}

sub no_visits { my ( $self, $place ) = @_; return $self->{rules}->no_visits($place) || 0 }

sub host_wait {
    my ( $self, $place ) = @_;
    return undef if !defined $place;    ## no critic (ProhibitExplicitReturnUndef)
    my $last = $self->{rules}->last_visit($place) or return 0;
    my $wait = int( $self->{delay} * 60 ) - ( time - $last );
    return $wait < 0 ? 0 : $wait;
}

sub simple_request {
    my ( $self, $request, $where, $size ) = @_;
    my $uri = $request->uri;
    return $self->SUPER::simple_request( $request, $where, $size ) if !$uri || !$uri->can('host_port');
    my $place   = $uri->host_port;
    my $allowed = $self->{rules}->allowed($uri);
    if ( $allowed < 0 ) {
        my $address = $uri->clone;
        $address->path('robots.txt');
        $address->query(undef);
        my $answer = $self->_get_rules( $address );
        if ( !$answer ) { return $self->simple_request( $request, $where, $size ) }
        $allowed = $self->{rules}->allowed($uri);
    }
    if ( !$allowed ) {
        my $refusal = HTTP::Response->new( HTTP::Status::HTTP_FORBIDDEN(), 'Forbidden by robots.txt' );
        $refusal->request($request);
        return $refusal;
    }
    if ( my $wait = $self->host_wait($place) ) {
        if ( !$self->{use_sleep} ) {
            my $refusal = HTTP::Response->new( HTTP::Status::HTTP_SERVICE_UNAVAILABLE(), 'Please, slow down' );
            $refusal->header( 'Retry-After', HTTP::Date::time2str( time + $wait ) );
            $refusal->request($request);
            return $refusal;
        }
        sleep $wait;
    }
    my $response = $self->SUPER::simple_request( $request, $where, $size );
    $self->{rules}->visit($place);
    return $response;
}

# Fetches robots.txt; one that is not there allows everything.
sub _get_rules {
    my ( $self, $address ) = @_;
    my $rules = $self->{rules};
    $rules->parse( $address, '' );    # ends the asking for itself
    my $saved = $self->parse_head(0);
    my $response = $self->request( HTTP::Request->new( GET => $address ) );
    $self->parse_head($saved);
    my $until = $response->fresh_until;
    undef $until if defined $until && $until < time + 60;
    my $text = '';
    if ( $response->is_success ) {
        my $content = $response->content;
        $text = $content if $response->content_type =~ m{\Atext/} && $content =~ /^\s*Disallow\s*:/im;
    }
    $rules->parse( $address, $text, $until );
    return 1;
}

sub as_string {
    my ($self) = @_;
    return join "\n", 'Robot: ' . $self->agent . ' operated by ' . $self->from, "    Minimum delay: $self->{delay} minutes", $self->{use_sleep} ? '    Will sleep if too early' : '    Will not sleep', '';
}

1;

__END__

=head1 NAME

LWP::RobotUA - an agent with manners

=head1 SYNOPSIS

    use LWP::RobotUA;

    my $robot = LWP::RobotUA->new( 'MyRobot/1.0', 'me@example.org' );
    $robot->delay( 10 / 60 );    # minutes
    my $response = $robot->get('http://www.example.org/');

=head1 COVERED

All of LWP::RobotUA 6.68. Part of L<LWP>.

=cut
