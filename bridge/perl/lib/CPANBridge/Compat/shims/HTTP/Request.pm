package HTTP::Request;

use 5.014;
use strict;
use warnings;

use Carp         ();
use Scalar::Util ();
use URI          ();

use parent 'HTTP::Message';

our $VERSION = '6.44';

sub new {
    my ( $class, $method, $uri, @rest ) = @_;
    my $self = $class->SUPER::new(@rest);
    $self->{_method} = $method;
    $self->uri($uri) if defined $uri;
    return $self;
}

sub parse {
    my ( $class, $text ) = @_;
    if ( !defined $text ) {
        Carp::carp('Undefined argument to parse()') if $^W;
        return $class->new;
    }
    $text =~ s/\A([^\n]*)(?:\n|\z)//;
    my $line = $1;
    $line =~ s/\r\z//;
    my $self = $class->SUPER::parse($text);
    my ( $method, $uri, $protocol ) = split ' ', $line;
    $self->method($method)     if defined $method;
    $self->uri($uri)           if defined $uri;
    $self->protocol($protocol) if defined $protocol;
    return $self;
}

sub clone {
    my ($self) = @_;
    my $other = $self->SUPER::clone;
    $other->method( $self->method );
    $other->uri( $self->uri );
    return $other;
}

sub method {
    my ( $self, @new ) = @_;
    my $old = $self->{_method};
    $self->{_method} = $new[0] if @new;
    return $old;
}

sub uri {
    my ( $self, @new ) = @_;
    my $old = $self->{_uri};
    if (@new) {
        my ($uri) = @new;
        if ( defined $uri ) {
            if ( !ref $uri ) { $uri = $HTTP::URI_CLASS->new($uri) }
            elsif ( !Scalar::Util::blessed($uri) ) { Carp::croak( q(A URI can't be a ) . ref($uri) . ' reference' ) }
            elsif ( !$uri->can('scheme') || !$uri->can('canonical') ) { Carp::croak( q(A URI can't be a ) . ref($uri) . ' object: it lacks methods' ) }
            else {
                $uri = $uri->clone;
                $uri = URI->new("$uri") if $uri->isa('URI::WithBase');
            }
        }
        $self->{_uri} = $uri;
        delete $self->{_uri_canonical};
    }
    return $old;
}
sub url { my $self = shift; return $self->uri(@_) }

sub uri_canonical {
    my ($self) = @_;
    my $uri = $self->{_uri};
    return $uri if !defined $uri;
    my $known = $self->{_uri_canonical};
    return $known->[1] if $known && $known->[0] eq "$uri";
    $self->{_uri_canonical} = [ "$uri", $uri->canonical ];
    return $self->{_uri_canonical}[1];
}

sub accept_decodable {
    my ($self) = @_;
    return $self->header( 'Accept-Encoding', scalar $self->decodable );
}

sub start_line {
    my ($self) = @_;
    my @words = ( defined $self->{_method} ? $self->{_method} : '-', defined $self->{_uri} ? $self->{_uri} : '-' );
    push @words, $self->{_protocol} if defined $self->{_protocol};
    return join ' ', @words;
}

1;

__END__

=head1 NAME

HTTP::Request - what is asked for

=head1 SYNOPSIS

    use HTTP::Request;

    my $request = HTTP::Request->new( GET => 'http://www.example.org/', [ Accept => 'text/html' ] );

=head1 COVERED

All of HTTP::Request 6.44. Part of L<HTTP::Message>.

=cut
