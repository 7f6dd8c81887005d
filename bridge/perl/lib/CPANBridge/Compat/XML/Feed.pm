package CPANBridge::Compat::XML::Feed;

# The conversation with the daemon's module xml.
use 5.014;
use strict;
use warnings;

use CPANBridge::Bytes;

our $VERSION = '0.1.0';

my $link;

sub _call {
    my ( $function, %params ) = @_;
    require CPANBridge::Compat::Link;
    $link = CPANBridge::Compat::Link->get;
    my $token = delete $params{token};
    if ( defined $params{parser} && !$link->is_current($token) ) {
        die "the connection on which this parser began has ended\n";
    }
    $params{data} = CPANBridge::Bytes->new( $params{data} ) if defined $params{data};
    my $answer = $link->call( xml => $function => \%params );
    $answer->{token} = $link->token;
    return $answer;
}

sub feed { my (%params) = @_; return _call( feed => %params ) }

sub short { my (%params) = @_; return _call( short => %params ) }

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

=head2 supply

    my $answer = supply( parser => $number, token => $token, data => $bytes, final => \0, base => $base );

Gives the text of a parameter entity that the last answer asked for.

=head2 release

    release( $number, $token );

Lets go of a parser that will not come to its end. Costs no call, and does nothing where the parser's connection has ended.

=cut
