package CPANBridge::Compat::XML::Feed;

# The conversation with the daemon's module xml.
use 5.014;
use strict;
use warnings;

use CPANBridge::Bytes;

our $VERSION = '0.1.0';

my $link;
my $ENDED = "the connection on which this parser began has ended\n";

sub _call {
    my ( $function, %params ) = @_;
    require CPANBridge::Compat::Link;
    $link = CPANBridge::Compat::Link->get;
    my $token = delete $params{token};
    die $ENDED if defined $params{parser} && !$link->is_current($token);
    $params{data} = CPANBridge::Bytes->new( $params{data} ) if defined $params{data};
    my $answer = $link->call( xml => $function => \%params );
    $answer->{token} = $link->token;
    return $answer;
}

sub feed { my (%params) = @_; return _call( feed => %params ) }

sub short { my (%params) = @_; return _call( short => %params ) }

# Has a piece parsed while the program does something else. Nothing, where that is not possible now.
sub feed_ahead {
    my ( $token, %params ) = @_;
    return if !$link || !$link->is_current($token);
    $params{data} = CPANBridge::Bytes->new( $params{data} );
    return $link->ahead( xml => feed => \%params );
}

sub collect {
    my ( $number, $token ) = @_;
    die $ENDED if !$link || !$link->is_current($token);
    return $link->collect($number);
}

sub drop {
    my ( $number, $token ) = @_;
    $link->drop($number) if $link && $link->is_current($token);
    return;
}

# How many bytes may be sent so: each may become an event of its own, with its kind, its place, a byte of text or two, and
# what separates it from the next.
sub piece_ahead { return $link ? int( ( $link->room - 1024 ) / 8 ) : 0 }

sub supply { my (%params) = @_; return _call( supply => %params ) }

sub release {
    my ( $number, $token ) = @_;
    $link->release( xml => $number ) if $link && $link->is_current($token);
    return;
}

1;

__END__

=encoding utf8

=head1 NAME

CPANBridge::Compat::XML::Feed - has the daemon parse XML

=head1 DESCRIPTION

Used by our L<XML::Parser::Expat>; programs have no need of it. The functions that call the daemon die as
L<CPANBridge::Compat::Link/call> does, or with a string where a parser's connection has ended. Their answers hold a
C<token>, which goes with the parser's number.

=head1 FUNCTIONS

=head2 feed

    my $answer = feed( options => \%options, data => $bytes, final => \0 );
    my $answer = feed( parser => $number, token => $token, data => $bytes, final => \1 );

Has the next piece of a document parsed, and returns its events.

=head2 short

    my $answer = short( options => \%options, data => $bytes );

Has a short document parsed whole that holds no declarations.

=head2 feed_ahead

    my $call = feed_ahead( $token, parser => $number, data => $bytes, final => \0 );

Like C<feed>, but comes back at once. Nothing is returned where that is not possible now. The piece must be no longer than
C<piece_ahead>, and must not refer to entities that a DTD declares.

=head2 collect

    my $answer = collect( $call, $token );

Waits for the answer.

=head2 drop

    drop( $call, $token );

Lets go of an answer that nobody will collect.

=head2 piece_ahead

How long a piece for C<feed_ahead> may be; 0 or less where there should be none.

=head2 supply

    my $answer = supply( parser => $number, token => $token, data => $bytes, final => \0, base => $base );

Gives the text of a parameter entity that the last answer asked for.

=head2 release

    release( $number, $token );

Lets go of a parser that will not come to its end. Costs no call, and does nothing where the parser's connection has ended.

=cut
